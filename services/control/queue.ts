/** Questions and commands about the queue: asked of all workers, and their answers put together. */
import type { Uid } from "#lib/queue/unit";
import {
  type AdminAnswer,
  type AdminArguments,
  type AdminVerb,
  adminRequest,
  BadAdminMessage,
  type Changed,
  type DestinationSummary,
  type ListedUnit,
  readAdminAnswer,
} from "#proto/admin";
import type { ControlPorts } from "./ports.ts";

export interface ListedPage {
  readonly units: readonly ListedUnit[];
  /** Ask again behind this one; absent on the last page. */
  readonly next?: Uid;
}

export class Queue {
  readonly #ports: ControlPorts;

  constructor(ports: ControlPorts) {
    this.#ports = ports;
  }

  /** By number of waiting units, the most first. */
  async summary(asked: AdminArguments<"queue.summary">): Promise<readonly DestinationSummary[]> {
    const answers = await this.#askAll("queue.summary", asked);
    return answers
      .flatMap(({ destinations }) => destinations)
      .sort((a, b) => waiting(b) - waiting(a) || (a.destination < b.destination ? -1 : 1));
  }

  async list(asked: AdminArguments<"queue.list">): Promise<ListedPage> {
    const answers = await this.#askAll("queue.list", asked);
    const units = merged(answers.map((answer) => answer.units));
    const page = units.slice(0, asked.limit);
    // A worker that filled its answer may have more.
    const isMore =
      units.length > page.length || answers.some((answer) => answer.units.length >= asked.limit);
    const last = page.at(-1);
    return { units: page, ...(isMore && last !== undefined ? { next: last.uid } : {}) };
  }

  async show(asked: AdminArguments<"queue.show">): Promise<AdminAnswer<"queue.show">> {
    const answers = await this.#askAll("queue.show", asked);
    const units = merged(answers.map((answer) => answer.units));
    const header = answers.find((answer) => answer.headerSection !== undefined)?.headerSection;
    return { units, ...(header === undefined ? {} : { headerSection: header }) };
  }

  /** Durable first, then at once: a worker that did not hear it reads it from the store. */
  async hold(asked: AdminArguments<"queue.hold">): Promise<Changed> {
    await this.#ports.store.putHold(asked);
    return this.#command("queue.hold", asked);
  }

  async release(asked: AdminArguments<"queue.release">): Promise<Changed> {
    await this.#ports.store.dropHold(asked.destination);
    return this.#command("queue.release", asked);
  }

  retry(asked: AdminArguments<"queue.retry">): Promise<Changed> {
    return this.#command("queue.retry", asked);
  }

  cancel(asked: AdminArguments<"queue.cancel">): Promise<Changed> {
    return this.#command("queue.cancel", asked);
  }

  async #command<Verb extends Command>(verb: Verb, asked: AdminArguments<Verb>): Promise<Changed> {
    const answers: readonly Changed[] = await this.#askAll(verb, asked);
    const sum = answers.reduce(
      (a, b) => ({ units: a.units + b.units, destinations: a.destinations + b.destinations }),
      { units: 0, destinations: 0 },
    );
    this.#ports.log.info("operator_command", { verb, ...asked, ...sum });
    return sum;
  }

  /**
   * Answers that cannot be read come from another version: better a part of the truth than none.
   */
  async #askAll<Verb extends AdminVerb>(
    verb: Verb,
    asked: AdminArguments<Verb>,
  ): Promise<readonly AdminAnswer<Verb>[]> {
    const { bus, log } = this.#ports;
    const { answers, silent } = await bus.askAll(adminRequest(verb, asked));
    for (const { from, reason } of silent) log.warn("worker_silent", { verb, from, reason });
    return answers.flatMap(({ value }) => {
      try {
        return [readAdminAnswer(verb, value)];
      } catch (error) {
        if (!(error instanceof BadAdminMessage)) throw error;
        log.warn("admin_answer_unreadable", { verb, error });
        return [];
      }
    });
  }
}

type Command = "queue.hold" | "queue.release" | "queue.retry" | "queue.cancel";

function waiting({ ready, backlog, deferred }: DestinationSummary): number {
  return ready + backlog + deferred;
}

/** By uid; a unit that two workers tell of, since its shard is moving, is one. */
function merged(lists: readonly (readonly ListedUnit[])[]): readonly ListedUnit[] {
  const byUid = new Map<Uid, ListedUnit>();
  for (const unit of lists.flat()) byUid.set(unit.uid, unit);
  return [...byUid.values()].sort((a, b) => (a.uid < b.uid ? -1 : 1));
}
