/**
 * A worker as operators see it: knows some units and destinations, and notes what it is told to do.
 */
import type { Measure } from "#lib/automation/measure";
import type { Bus, BusHandler, BusRequest, Json, ServingWorker } from "#lib/leases/bus";
import {
  adminAnswer,
  type Changed,
  isAdminVerb,
  readAdminArguments,
  type Selection,
  type ShardCondition,
} from "#proto/admin";
import type { DestinationSummary } from "#proto/operator/destination-summary";
import type { ListedUnit } from "#proto/operator/listed-unit";
import type { ExplainedUnit } from "#proto/operator/standing";
import { destination, incarnation, shard, uid } from "./records.ts";

export function listedUnit(id: string, overrides: Partial<ListedUnit> = {}): ListedUnit {
  return {
    uid: uid(id),
    destination: destination("example.com"),
    shard: shard(0),
    reversePath: "a@source.example",
    recipients: [{ path: "b@example.com" }],
    state: "ready",
    sizeBytes: 4_096,
    attempts: 0,
    acceptedAt: 1_795_000_000_000,
    expiresAt: 1_795_432_000_000,
    isNotification: false,
    ...overrides,
  };
}

export function summaryOf(
  name: string,
  overrides: Partial<DestinationSummary> = {},
): DestinationSummary {
  return {
    destination: destination(name),
    shard: shard(0),
    state: "open",
    ready: 0,
    inFlight: 0,
    sessionsMax: 20,
    backlog: 0,
    deferred: 0,
    ...overrides,
  };
}

export interface AdminWorkerState {
  readonly units?: readonly ListedUnit[];
  readonly explained?: readonly ExplainedUnit[];
  readonly destinations?: readonly DestinationSummary[];
  readonly headerSection?: string;
  readonly shards?: readonly ShardCondition[];
  readonly measures?: readonly Measure[];
}

/** Owns the first shard. */
export function servingWorker(handler: BusHandler): ServingWorker {
  return { name: incarnation("worker/1"), shards: () => [shard(0)], handler };
}

export class AdminWorker {
  /** Commands it was given. */
  readonly commands: BusRequest[] = [];
  /** It answers nobody any more. */
  readonly leave: () => void;
  readonly #state: AdminWorkerState;

  constructor(bus: Bus, state: AdminWorkerState = {}) {
    this.#state = state;
    this.leave = bus.serveWorker(servingWorker(async (request) => this.#answer(request)));
  }

  #answer(request: BusRequest): Json {
    const { verb } = request;
    if (!isAdminVerb(verb)) throw new Error(`no such verb: ${verb}`);
    switch (verb) {
      case "shard.status":
        return adminAnswer(verb, { shards: this.#state.shards ?? [] });
      case "queue.summary": {
        const asked = readAdminArguments(verb, request.arguments);
        const known = this.#state.destinations ?? [];
        const wanted = known.filter((d) => isWanted(d.destination, asked.destination));
        return adminAnswer(verb, { destinations: wanted });
      }
      case "queue.list": {
        const {
          destination: only,
          after = "",
          limit,
        } = readAdminArguments(verb, request.arguments);
        const units = this.#units.filter((u) => isWanted(u.destination, only) && u.uid > after);
        return adminAnswer(verb, { units: units.slice(0, limit) });
      }
      case "queue.show": {
        const { id } = readAdminArguments(verb, request.arguments);
        const units = this.#units.filter((unit) => unit.uid.startsWith(id));
        const { headerSection } = this.#state;
        return adminAnswer(verb, { units, ...(units.length === 0 ? {} : { headerSection }) });
      }
      case "queue.explain": {
        const { id } = readAdminArguments(verb, request.arguments);
        const units = this.#state.explained?.filter(({ unit }) => unit.uid.startsWith(id)) ?? [];
        const destinations = (this.#state.destinations ?? []).filter((d) =>
          units.some(({ unit }) => unit.destination === d.destination),
        );
        return adminAnswer(verb, { units, destinations });
      }
      case "queue.retry":
      case "queue.cancel": {
        this.commands.push(request);
        return adminAnswer(verb, this.#changed(readAdminArguments(verb, request.arguments)));
      }
      case "measure.list":
        return adminAnswer(verb, { measures: this.#state.measures ?? [] });
      case "measure.bind":
      case "measure.heard":
        this.commands.push(request);
        return adminAnswer(verb, {});
      case "measure.cancel": {
        this.commands.push(request);
        return adminAnswer(verb, { cancelled: readAdminArguments(verb, request.arguments).ids });
      }
      case "suppressions.look":
        this.commands.push(request);
        return adminAnswer(verb, {});
      case "queue.hold":
      case "queue.release": {
        this.commands.push(request);
        return adminAnswer(verb, this.#changed(readAdminArguments(verb, request.arguments)));
      }
    }
  }

  get #units(): readonly ListedUnit[] {
    return [...(this.#state.units ?? [])].sort((a, b) => (a.uid < b.uid ? -1 : 1));
  }

  #changed(selection: Selection): Changed {
    if ("id" in selection) {
      return {
        units: this.#units.filter((u) => u.uid.startsWith(selection.id)).length,
        destinations: 0,
      };
    }
    const units = this.#units.filter((u) => u.destination === selection.destination).length;
    return { units, destinations: units > 0 ? 1 : 0 };
  }
}

function isWanted(name: string, only: string | undefined): boolean {
  return only === undefined || name === only;
}
