/** What rules on replies have set: told by all workers and by the store, and cancelled there. */
import type { Measure } from "#lib/automation/measure";
import { measureSchema } from "#lib/automation/measure-record";
import { StoreUnavailable } from "#lib/store/store";
import type { Unanswered } from "#proto/admin";
import { CommandEvents } from "../events/command-events.ts";
import { Problem } from "../problem.ts";
import { type QueuePorts, recordsOf } from "../queue.ts";
import { askWorkers } from "../workers.ts";

interface Told {
  /** Absent when all who had to have answered. */
  readonly unanswered?: Unanswered;
}

export interface MeasureList extends Told {
  /** The one that ends first, first. */
  readonly measures: readonly Measure[];
}

export interface Cancelled extends Told {
  readonly cancelled: readonly string[];
}

export type Selected = { readonly id: string } | { readonly all: true };

export class ShapingMeasures {
  readonly #ports: QueuePorts;
  readonly #events: CommandEvents;

  constructor(ports: QueuePorts) {
    this.#ports = ports;
    this.#events = new CommandEvents(ports);
  }

  /** A worker knows what is not written yet; the store, what a worker that is gone has started. */
  async list(): Promise<MeasureList> {
    const now = this.#ports.clock.now();
    const { answers, unanswered } = await askWorkers(this.#ports, "measure.list", {});
    const newest = new Map<string, Measure>();
    for (const measure of [...(await this.#stored()), ...answers.flatMap((a) => a.measures)]) {
      const known = newest.get(measure.id);
      if (known === undefined || known.until < measure.until) newest.set(measure.id, measure);
    }
    const measures = [...newest.values()]
      .filter(({ until }) => until > now)
      .sort((a, b) => a.until - b.until || (a.id < b.id ? -1 : 1));
    return { measures, ...(unanswered === undefined ? {} : { unanswered }) };
  }

  /** Durable first, then at once: a worker that did not hear it sees that it is gone. */
  async cancel(selected: Selected): Promise<Cancelled> {
    const { measures } = await this.list();
    const chosen = "id" in selected ? measures.filter(({ id }) => id === selected.id) : measures;
    if ("id" in selected && chosen.length === 0) {
      throw new Problem(404, `no measure ${selected.id} is in force`);
    }
    const ids = chosen.map(({ id }) => id);
    for (const id of ids) await recordsOf(this.#ports).dropMeasure(id);
    const { unanswered } = await askWorkers(this.#ports, "measure.cancel", { ids });
    this.#ports.log.info("operator_command", { verb: "measure.cancel", ids, unanswered });
    for (const { id, rule, effect, scope } of chosen) {
      const { tenant } = scope;
      const about = { measure: id, rule, effect: effect.kind, ...(tenant && { tenant }) };
      this.#events.tell("measure.cancel", about);
    }
    return { cancelled: ids, ...(unanswered === undefined ? {} : { unanswered }) };
  }

  async #stored(): Promise<readonly Measure[]> {
    const { records, log } = this.#ports;
    if (records === undefined) return [];
    try {
      const stored = await records.measures();
      if (!Array.isArray(stored)) return [];
      // Those of a version that knows more are not shown.
      return stored.flatMap((each) => measureSchema.safeParse(each).data ?? []);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      log.warn("measures_unreadable", { error: String(error) });
      return [];
    }
  }
}
