/**
 * A reader of a log as it may be after its server was lost: entries come again, unflagged, or later
 * than those behind them, as when one lane is ahead of another.
 */
import type { LogEntry, LogReader, Pulled, PullLimit } from "#lib/stream/stream";
import type { DrawnFaults } from "./drawn-faults.ts";

const rememberedMax = 20;

export class UnsteadyReader implements LogReader {
  readonly #reader: LogReader;
  readonly #faults: DrawnFaults;
  #given: readonly LogEntry[] = [];
  #heldBack: readonly LogEntry[] = [];
  #through: number;
  #pulledThrough: number;

  constructor(reader: LogReader, from: { readonly after: number; readonly faults: DrawnFaults }) {
    this.#reader = reader;
    this.#faults = from.faults;
    this.#through = from.after;
    this.#pulledThrough = from.after;
  }

  async pull(limit: PullLimit, signal: AbortSignal): Promise<Pulled> {
    const pulled = this.#takeHeldBack() ?? (await this.#reader.pull(limit, signal));
    this.#pulledThrough = pulled.through;
    const entries = this.#faults.isDisorderly() ? this.#disordered(pulled.entries) : pulled.entries;
    this.#given = [...this.#given, ...entries].slice(-rememberedMax);
    const oldest = Math.min(...this.#heldBack.map(({ sequence }) => sequence));
    this.#through = Math.max(this.#through, Math.min(pulled.through, oldest - 1));
    return { entries, through: this.#through };
  }

  close(): void {
    this.#reader.close();
  }

  #takeHeldBack(): Pulled | undefined {
    const entries = this.#heldBack;
    if (entries.length === 0) return undefined;
    this.#heldBack = [];
    return { entries, through: this.#pulledThrough };
  }

  /** At least one of them is given. */
  #disordered(entries: readonly LogEntry[]): readonly LogEntry[] {
    const again = this.#given.slice(this.#faults.below(this.#given.length + 1));
    const split = this.#faults.below(entries.length);
    this.#heldBack = entries.slice(0, split);
    return [...again, ...entries.slice(split)];
  }
}
