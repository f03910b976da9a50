/**
 * What was recorded, for operators: from the store of this process, or from a worker's over the bus.
 */
import type { BounceCountQuery } from "#lib/bounces/bounce-count";
import { type BounceQuery, shortened } from "#lib/bounces/bounce-query";
import type { UnknownQuery } from "#lib/bounces/unknown-bounces";
import type { Clock } from "#lib/clock";
import { AnswerFailed, type Bus, type BusHandler, type Json, NobodyAnswers } from "#lib/leases/bus";
import { allShards } from "#lib/queue/shard";
import type { Destination, Shard } from "#lib/queue/unit";
import type { BounceStore } from "#lib/store/bounce-store";
import { type Hold, type Store, StoreUnavailable } from "#lib/store/store";
import { type SuppressionFilters, suppressionsInCallMax } from "#lib/store/suppression-list";
import { type Suppression, type SuppressionId, suppressingIds } from "#lib/suppression/suppression";
import { type RecordsRequest, readRecordsRequest, recordsRequest } from "#proto/records-request";
import { listedSuppression, listedSuppressionId } from "#proto/suppression";

/** Answers are as JSON has them. Rejects with `StoreUnavailable` when the store is away. */
export interface Records {
  putHold(hold: Hold): Promise<unknown>;
  dropHold(destination: Destination): Promise<unknown>;
  holds(): Promise<unknown>;
  dropMeasure(id: string): Promise<unknown>;
  measures(): Promise<unknown>;
  bounces(query: BounceQuery): Promise<unknown>;
  countBounces(query: BounceCountQuery): Promise<unknown>;
  unknownBounces(query: UnknownQuery): Promise<unknown>;
  parked(limit: number): Promise<unknown>;
  putSuppressions(entries: readonly Suppression[]): Promise<unknown>;
  liftSuppressions(ids: readonly SuppressionId[]): Promise<unknown>;
  /** `{ entries }`, by address. */
  findSuppressions(ids: readonly SuppressionId[]): Promise<unknown>;
  /** What keeps mail from there, for everybody or for any tenant: `{ entries, isWhole }`, by address. */
  suppressionsOf(id: Pick<SuppressionId, "key">): Promise<unknown>;
  /** `{ entries, next? }`, by address. */
  suppressions(filters: SuppressionFilters): Promise<unknown>;
}

export type RecordsStore = Pick<
  Store,
  "putHold" | "dropHold" | "holds" | "dropMeasure" | "measures" | "parked" | "suppressions"
> &
  Omit<BounceStore, "recordBounces">;

/** An answer of the bus is one message of NATS, of at most a megabyte. */
const pageBytesMax = 512 * 1024;
/** Looked through for one address: each is a row to read, or two. */
const tenantsMax = 1_000;

const isOfTenant = ({ tenant }: SuppressionId) => tenant !== undefined;

export function storeRecords(store: RecordsStore): Records {
  return {
    putHold: (hold) => store.putHold(hold),
    dropHold: (destination) => store.dropHold(destination),
    holds: () => store.holds(),
    dropMeasure: (id) => store.dropMeasure(id),
    measures: () => store.measures(),
    bounces: async (query) => shortened(await store.bounces(query), pageBytesMax),
    countBounces: (query) => store.countBounces(query),
    unknownBounces: (query) => store.unknownBounces(query),
    async parked(limit) {
      const parked = await store.parked(limit);
      return parked.map(({ record, ...rest }) => ({
        ...rest,
        recordBase64: Buffer.from(record).toString("base64"),
      }));
    },
    putSuppressions: (entries) => store.suppressions.put(entries),
    liftSuppressions: (ids) => store.suppressions.lift(ids),
    async findSuppressions(ids) {
      return { entries: (await store.suppressions.find(ids)).map(listedSuppression) };
    },
    async suppressionsOf({ key }) {
      // One more, which tells that there are more.
      const known = await store.suppressions.tenants(tenantsMax + 1);
      const tenants = known.slice(0, tenantsMax);
      const ids = [
        ...suppressingIds({ key }),
        ...tenants.flatMap((tenant) => suppressingIds({ key, tenant }).filter(isOfTenant)),
      ];
      const entries: Suppression[] = [];
      for (let at = 0; at < ids.length; at += suppressionsInCallMax) {
        const part = ids.slice(at, at + suppressionsInCallMax);
        entries.push(...(await store.suppressions.find(part)));
      }
      const isWhole = known.length === tenants.length;
      return { entries: entries.map(listedSuppression), isWhole };
    },
    async suppressions(filters) {
      const { entries, ...rest } = await store.suppressions.page(filters);
      return { entries: entries.map(listedSuppression), ...rest };
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
    case "records.putSuppressions":
      return records.putSuppressions(request.entries);
    case "records.liftSuppressions":
      return records.liftSuppressions(request.ids);
    case "records.findSuppressions":
      return records.findSuppressions(request.ids);
    case "records.suppressionsOf":
      return records.suppressionsOf(request.id);
    case "records.suppressions": {
      const { verb: _, ...filters } = request;
      return records.suppressions(filters);
    }
    case "records.bounces": {
      const { verb: _, ...query } = request;
      return records.bounces(query);
    }
    case "records.countBounces": {
      const { verb: _, ...query } = request;
      return records.countBounces(query);
    }
    case "records.unknownBounces": {
      const { verb: _, ...query } = request;
      return records.unknownBounces(query);
    }
  }
}

export interface BusRecordsPorts {
  readonly bus: Pick<Bus, "ask">;
  readonly shards: number;
  readonly clock: Clock;
}

type Written = Parameters<typeof recordsRequest>[0];

/** One that says nothing for so long may stand still: the next one is asked as well. */
const nextAfterMs = 1_000;
/** Operators wait so long at most. */
const answerMaxMs = 10_000;

/** Owners of shards are asked, one after the other, until one answers: all of them have the same store. */
export function busRecords(ports: BusRecordsPorts): Records {
  const ask = (request: Written) => askAnyOwner(ports, request);
  return {
    putHold: (hold) => ask({ verb: "records.putHold", hold }),
    dropHold: (destination) => ask({ verb: "records.dropHold", destination }),
    holds: () => ask({ verb: "records.holds" }),
    dropMeasure: (id) => ask({ verb: "records.dropMeasure", id }),
    measures: () => ask({ verb: "records.measures" }),
    bounces: (query) => ask({ verb: "records.bounces", ...query }),
    countBounces: (query) => ask({ verb: "records.countBounces", ...query }),
    unknownBounces: (query) => ask({ verb: "records.unknownBounces", ...query }),
    parked: (limit) => ask({ verb: "records.parked", limit }),
    putSuppressions(entries) {
      return ask({ verb: "records.putSuppressions", entries: entries.map(listedSuppression) });
    },
    liftSuppressions(ids) {
      return ask({ verb: "records.liftSuppressions", ids: ids.map(listedSuppressionId) });
    },
    findSuppressions(ids) {
      return ask({ verb: "records.findSuppressions", ids: ids.map(listedSuppressionId) });
    },
    suppressionsOf: (id) => ask({ verb: "records.suppressionsOf", id: listedSuppressionId(id) }),
    suppressions: (filters) => ask({ verb: "records.suppressions", ...filters }),
  };
}

async function askAnyOwner(
  { bus, shards, clock }: BusRecordsPorts,
  request: Written,
): Promise<Json> {
  const first = Promise.withResolvers<Json>();
  const nobody = () =>
    first.reject(new NobodyAnswers("Cannot ask a worker's store: no worker answers"));
  let isOver = false;
  const ask = async (shard: Shard) => {
    try {
      first.resolve(await bus.ask(shard, recordsRequest(request)));
    } catch (error) {
      if (!(error instanceof NobodyAnswers)) first.reject(asStoreUnavailable(error));
    }
  };
  const askAll = async () => {
    const asked: Promise<void>[] = [];
    for (const shard of allShards(shards)) {
      if (isOver) return;
      const asking = ask(shard);
      asked.push(asking);
      await firstOf(asking, { clock, waitMs: nextAfterMs });
    }
    await Promise.all(asked);
    nobody();
  };
  const cancel = clock.after(answerMaxMs, nobody);
  void askAll();
  try {
    return await first.promise;
  } finally {
    isOver = true;
    cancel();
  }
}

/** Resolves with the promise, or behind so long. */
async function firstOf(
  promise: Promise<void>,
  { clock, waitMs }: { readonly clock: Clock; readonly waitMs: number },
): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(waitMs, late.resolve);
  await Promise.race([promise, late.promise]);
  cancel();
}

function asStoreUnavailable(error: unknown): unknown {
  if (!(error instanceof AnswerFailed)) return error;
  return new StoreUnavailable(`Cannot ask a worker's store: ${error.message}`, { cause: error });
}
