/** Questions and commands about the queue: asked of all workers, and their answers put together. */

import type { Clock } from "#lib/clock";
import type { Uid } from "#lib/queue/unit";
import type { OperatorsPorts } from "#lib/role/control-ports";
import type { Records } from "#lib/role/records";
import type { Log } from "#lib/telemetry/log";
import type { AdminAnswer, AdminArguments, Changed, Unanswered } from "#proto/admin";
import type { DestinationSummary } from "#proto/operator/destination-summary";
import type { ListedUnit } from "#proto/operator/listed-unit";
import type { ExplainedUnit } from "#proto/operator/standing";
import { joinPages } from "#proto/unit-page";
import { CommandEvents } from "./events/command-events.ts";
import { toldLast } from "./last-summaries.ts";
import { Problem } from "./problem.ts";
import { type ParkedUnit, parkedOf } from "./records/parked-units.ts";
import { type Splits, splitsOf } from "./splits.ts";
import { askWorkers } from "./workers.ts";

export interface QueuePorts extends OperatorsPorts {
  readonly log: Log;
  readonly clock: Clock;
}

/** Absent when all who had to have answered: then it is the whole truth. */
interface Told {
  readonly unanswered?: Unanswered;
}

export interface Summary extends Told, Splits {
  readonly destinations: readonly DestinationSummary[];
}

export interface ListedPage extends Told {
  readonly units: readonly ListedUnit[];
  /** Ask again behind this one; absent on the last page. */
  readonly next?: Uid;
}

export interface Explained extends Told, Splits {
  readonly units: readonly ExplainedUnit[];
  readonly destinations: readonly DestinationSummary[];
  /** Absent: the store does not tell. */
  readonly parked?: readonly ParkedUnit[];
}

export type Shown = AdminAnswer<"queue.show"> & Told;
export type Done = Changed & Told;

export class Queue {
  readonly #ports: QueuePorts;
  readonly #events: CommandEvents;

  constructor(ports: QueuePorts) {
    this.#ports = ports;
    this.#events = new CommandEvents(ports);
  }

  /** By number of waiting units, the most first. */
  async summary(asked: AdminArguments<"queue.summary">): Promise<Summary> {
    const asking = splitsOf(this.#ports);
    const { answers, ...told } = await askWorkers(this.#ports, "queue.summary", asked);
    const silent = told.unanswered?.shards ?? [];
    const last = await toldLast(silent, asked.destination, this.#ports);
    const destinations = answers
      .flatMap((answer) => answer.destinations)
      .concat(last)
      .sort((a, b) => waiting(b) - waiting(a) || (a.destination < b.destination ? -1 : 1));
    return { destinations, ...told, ...(await asking) };
  }

  async list(asked: AdminArguments<"queue.list">): Promise<ListedPage> {
    const { answers, ...told } = await askWorkers(this.#ports, "queue.list", asked);
    const pages = answers.map(({ units, next }) => {
      // One of an older version does not say so: when it filled its answer, it may have more.
      const last = units.length < asked.limit ? undefined : units.at(-1)?.uid;
      return { units, next: next ?? last };
    });
    return { ...joinPages(pages, asked.limit), ...told };
  }

  async show(asked: AdminArguments<"queue.show">): Promise<Shown> {
    const { answers, ...told } = await askWorkers(this.#ports, "queue.show", asked);
    const { units } = joinPages(answers, Number.POSITIVE_INFINITY);
    const header = answers.find((answer) => answer.headerSection !== undefined)?.headerSection;
    return { units, ...(header === undefined ? {} : { headerSection: header }), ...told };
  }

  /** Where each unit of it stands; what is no unit any more, or not yet, is told beside them. */
  async explain(asked: AdminArguments<"queue.explain">): Promise<Explained> {
    const parking = parkedOf(asked.id, this.#ports);
    const { answers, ...told } = await askWorkers(this.#ports, "queue.explain", asked);
    const units = new Map<Uid, ExplainedUnit>();
    for (const each of answers.flatMap((answer) => answer.units)) units.set(each.unit.uid, each);
    const parked = await parking;
    // A look at the stream for what is not known otherwise.
    const splits = units.size === 0 && parked?.length === 0 ? await splitsOf(this.#ports) : {};
    return {
      units: [...units.values()].sort((a, b) => (a.unit.uid < b.unit.uid ? -1 : 1)),
      destinations: answers.flatMap(({ destinations }) => destinations),
      ...(parked === undefined ? {} : { parked }),
      ...splits,
      ...told,
    };
  }

  /** Durable first, then at once: a worker that did not hear it reads it from the store. */
  async hold(asked: AdminArguments<"queue.hold">): Promise<Done> {
    await this.#records.putHold(asked);
    return this.#command("queue.hold", asked);
  }

  async release(asked: AdminArguments<"queue.release">): Promise<Done> {
    await this.#records.dropHold(asked.destination);
    return this.#command("queue.release", asked);
  }

  retry(asked: AdminArguments<"queue.retry">): Promise<Done> {
    return this.#command("queue.retry", asked);
  }

  cancel(asked: AdminArguments<"queue.cancel">): Promise<Done> {
    return this.#command("queue.cancel", asked);
  }

  get #records() {
    return recordsOf(this.#ports);
  }

  async #command<Verb extends Command>(verb: Verb, asked: AdminArguments<Verb>): Promise<Done> {
    const told = await askWorkers(this.#ports, verb, asked);
    const answers: readonly Changed[] = told.answers;
    const sum = answers.reduce<Changed>(
      (a, b) => ({ units: a.units + b.units, destinations: a.destinations + b.destinations }),
      { units: 0, destinations: 0 },
    );
    const { unanswered } = told;
    this.#ports.log.info("operator_command", { verb, ...asked, ...sum, unanswered });
    this.#events.tell(verb, { ...asked, units: sum.units });
    return { ...sum, ...(unanswered === undefined ? {} : { unanswered }) };
  }
}

type Command = "queue.hold" | "queue.release" | "queue.retry" | "queue.cancel";

export function recordsOf({ records }: Pick<OperatorsPorts, "records">): Records {
  if (records !== undefined) return records;
  throw new Problem(503, "the store is not joined yet: /readyz says why");
}

function waiting({ ready, backlog, deferred }: DestinationSummary): number {
  return ready + backlog + deferred;
}
