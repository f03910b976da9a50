/**
 * What was recorded, for operators: from the store of this process, or from a worker's over the bus.
 */
import { AnswerFailed, type Bus, type BusHandler, type Json, NobodyAnswers } from "#lib/leases/bus";
import { allShards } from "#lib/queue/shard";
import type { Destination, Time } from "#lib/queue/unit";
import { type Hold, type Store, StoreUnavailable } from "#lib/store/store";
import { type RecordsRequest, readRecordsRequest, recordsRequest } from "#proto/records-request";

export interface BouncesQuery {
  readonly destination?: Destination;
  readonly after?: Time;
  readonly limit: number;
}

/** Answers are as JSON has them. Rejects with `StoreUnavailable` when the store is away. */
export interface Records {
  putHold(hold: Hold): Promise<unknown>;
  dropHold(destination: Destination): Promise<unknown>;
  holds(): Promise<unknown>;
  dropMeasure(id: string): Promise<unknown>;
  measures(): Promise<unknown>;
  bounces(query: BouncesQuery): Promise<unknown>;
  parked(limit: number): Promise<unknown>;
}

export type RecordsStore = Pick<
  Store,
  "putHold" | "dropHold" | "holds" | "dropMeasure" | "measures" | "bounces" | "parked"
>;

export function storeRecords(store: RecordsStore): Records {
  return {
    putHold: (hold) => store.putHold(hold),
    dropHold: (destination) => store.dropHold(destination),
    holds: () => store.holds(),
    dropMeasure: (id) => store.dropMeasure(id),
    measures: () => store.measures(),
    bounces: (query) => store.bounces(query),
    async parked(limit) {
      const parked = await store.parked(limit);
      return parked.map(({ record, ...rest }) => ({
        ...rest,
        recordBase64: Buffer.from(record).toString("base64"),
      }));
    },
  };
}

/** A worker's side of it. */
export function recordsHandler(records: Records): BusHandler {
  return async (request) => {
    const answer = await answered(records, readRecordsRequest(request));
    return answer === undefined ? null : JSON.parse(JSON.stringify(answer));
  };
}

function answered(records: Records, request: RecordsRequest): Promise<unknown> {
  switch (request.verb) {
    case "records.holds":
      return records.holds();
    case "records.putHold":
      return records.putHold(request.hold);
    case "records.dropHold":
      return records.dropHold(request.destination);
    case "records.measures":
      return records.measures();
    case "records.dropMeasure":
      return records.dropMeasure(request.id);
    case "records.parked":
      return records.parked(request.limit);
    case "records.bounces": {
      const { verb: _, ...query } = request;
      return records.bounces(query);
    }
  }
}

export interface BusRecordsPorts {
  readonly bus: Pick<Bus, "ask">;
  readonly shards: number;
}

/** Owners that are asked before it is said that none answers; each may take seconds. */
const askedMax = 4;

export function busRecords({ bus, shards }: BusRecordsPorts): Records {
  const ask = (request: RecordsRequest) => askAnyOwner(bus, allShards(shards), request);
  return {
    putHold: (hold) => ask({ verb: "records.putHold", hold }),
    dropHold: (destination) => ask({ verb: "records.dropHold", destination }),
    holds: () => ask({ verb: "records.holds" }),
    dropMeasure: (id) => ask({ verb: "records.dropMeasure", id }),
    measures: () => ask({ verb: "records.measures" }),
    bounces: (query) => ask({ verb: "records.bounces", ...query }),
    parked: (limit) => ask({ verb: "records.parked", limit }),
  };
}

/** All of them have the same store. */
async function askAnyOwner(
  bus: Pick<Bus, "ask">,
  shards: ReturnType<typeof allShards>,
  request: RecordsRequest,
): Promise<Json> {
  for (const shard of shards.slice(0, askedMax)) {
    try {
      return await bus.ask(shard, recordsRequest(request));
    } catch (cause) {
      if (cause instanceof AnswerFailed) {
        throw new StoreUnavailable(`Cannot ask a worker's store: ${cause.message}`, { cause });
      }
      if (!(cause instanceof NobodyAnswers)) throw cause;
    }
  }
  throw new NobodyAnswers("Cannot ask a worker's store: no worker answers");
}
