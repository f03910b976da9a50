/** What binds mail on its way: settings and limits of a lane's subject, and whose connections it may use. */
import type { BoundLimit } from "#lib/limits/acquire";
import { type CountedLimit, type Dimension, type Subject, smallestCap } from "#lib/limits/limit";
import type { Destination, Shard } from "#lib/queue/unit";
import type { PathSettings, Shaping } from "#lib/shaping/shaping";
import type { Measures } from "../automation/measures.ts";
import type { LaneOf } from "../destination/ready-queue.ts";
import type { WorkerLimits } from "../limits/worker-limits.ts";
import type { Site } from "./site.ts";

export interface Path {
  readonly site: Site;
  readonly subject: Subject;
  readonly settings: PathSettings;
  readonly bound: readonly BoundLimit[];
  /** Connections are shared by what goes to the same hosts and counts alike. */
  readonly connectionKey: string;
  readonly messagesPerConnection: number;
  readonly recipientsPerTransaction: number;
  readonly shard: Shard;
  readonly madeOf: Shaping;
  /** Of the measures in force. */
  readonly generation: number;
}

export interface PathsPorts {
  readonly shaping: () => Shaping;
  readonly limits: WorkerLimits;
  readonly measures: Pick<Measures, "limitsFor" | "capsFor" | "generation">;
}

export interface PathOf {
  readonly lane: LaneOf;
  readonly destination: Destination;
  readonly site: Site;
  readonly shard: Shard;
}

export class Paths {
  readonly #ports: PathsPorts;

  constructor(ports: PathsPorts) {
    this.#ports = ports;
  }

  /** To be asked again when it is not current any more. */
  path({ lane, destination, site, shard }: PathOf): Path {
    const shaping = this.#ports.shaping();
    const subject: Subject = {
      destination,
      ...(site.provider === undefined ? {} : { provider: site.provider }),
      ...(lane.source === "" ? {} : { source: lane.source }),
      ...(lane.tenant === "" ? {} : { tenant: lane.tenant }),
      ...(lane.campaign === "" ? {} : { campaign: lane.campaign }),
    };
    const { measures } = this.#ports;
    const settings = shaping.pathFor(subject);
    const limits = this.#limitsOf(settings, subject);
    const caps = [...settings.caps, ...measures.capsFor(subject)];
    const connectionKey = [site.key, ...ownConnections(limits, subject)].join("\n");
    return {
      ...{ site, subject, settings, shard, connectionKey, madeOf: shaping },
      generation: measures.generation,
      bound: this.#ports.limits.bind(shard, limits, subject),
      messagesPerConnection:
        smallestCap(caps, "messagesPerConnection")?.max ?? Number.POSITIVE_INFINITY,
      recipientsPerTransaction:
        smallestCap(caps, "recipientsPerTransaction")?.max ?? Number.POSITIVE_INFINITY,
    };
  }

  /** The limits that apply now to what went this way. */
  boundNow({ shard, subject }: Path): readonly BoundLimit[] {
    const { limits, shaping } = this.#ports;
    return limits.bind(shard, this.#limitsOf(shaping().pathFor(subject), subject), subject);
  }

  #limitsOf({ limits }: PathSettings, subject: Subject): readonly CountedLimit[] {
    const measured = this.#ports.measures.limitsFor(subject);
    return measured.length === 0 ? limits : [...limits, ...measured];
  }

  isCurrent(path: Path, site: Site): boolean {
    const { shaping, measures } = this.#ports;
    return (
      path.site === site && path.madeOf === shaping() && path.generation === measures.generation
    );
  }
}

/** A connection counts for whom it was opened: others use it only if they count with it. */
function ownConnections(limits: readonly CountedLimit[], subject: Subject): string[] {
  const own = new Set<Dimension>(["source"]);
  for (const { kind, scope } of limits) {
    if (kind !== "connections" && kind !== "newConnections") continue;
    for (const dimension of scope) if (dimension !== "provider") own.add(dimension);
  }
  return [...own].toSorted().map((dimension) => subject[dimension] ?? "");
}
