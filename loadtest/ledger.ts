/** How many copies of which message: of those that got a 250, or of those that arrived. */
import { assert } from "#lib/assert";
import { type LoadId, loadIdMax, loadIdText, parseLoadId } from "./load-id.ts";

const copiesMax = 65_535;

export class Ledger {
  readonly #runs = new Map<string, Uint16Array>();
  readonly #distinctOf = new Map<string, number>();
  #distinct = 0;
  #total = 0;

  /** Messages. */
  get distinct(): number {
    return this.#distinct;
  }

  /** Copies. */
  get total(): number {
    return this.#total;
  }

  /** Whether the message is new here. */
  add({ run, n }: LoadId, copies = 1): boolean {
    assert(n >= 0 && n < loadIdMax, "an id was parsed or made within its limit");
    const counts = this.#countsOf(run, n);
    const before = counts[n] ?? 0;
    counts[n] = Math.min(copiesMax, before + copies);
    this.#total += copies;
    if (before > 0 || copies === 0) return false;
    this.#distinct += 1;
    this.#distinctOf.set(run, this.distinctOf(run) + 1);
    return true;
  }

  /** Messages of one run. */
  distinctOf(run: string): number {
    return this.#distinctOf.get(run) ?? 0;
  }

  copiesOf({ run, n }: LoadId): number {
    return this.#runs.get(run)?.[n] ?? 0;
  }

  *entries(): Generator<readonly [id: LoadId, copies: number]> {
    for (const [run, counts] of this.#runs) {
      for (let n = 0; n < counts.length; n++) {
        const copies = counts[n] ?? 0;
        if (copies > 0) yield [{ run, n }, copies];
      }
    }
  }

  /** A line for each message: id and copies. */
  toText(): string {
    let text = "";
    for (const [id, copies] of this.entries()) text += `${loadIdText(id)} ${copies}\n`;
    return text;
  }

  /** @throws for a line that `toText` has not written */
  static parse(text: string): Ledger {
    const ledger = new Ledger();
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const [name = "", copies = ""] = line.split(" ");
      const id = parseLoadId(name);
      if (id === undefined || !/^[0-9]{1,5}$/.test(copies)) {
        throw new Error(`Cannot read the accounting line "${line}"`);
      }
      ledger.add(id, Number(copies));
    }
    return ledger;
  }

  #countsOf(run: string, n: number): Uint16Array {
    const counts = this.#runs.get(run) ?? new Uint16Array(1_024);
    if (n < counts.length) {
      this.#runs.set(run, counts);
      return counts;
    }
    const grown = new Uint16Array(Math.min(loadIdMax, Math.max(n + 1, counts.length * 2)));
    grown.set(counts);
    this.#runs.set(run, grown);
    return grown;
  }
}

export interface Balance {
  /** Ids of messages that lack a copy. */
  readonly lost: readonly string[];
  /** Ids of messages with a copy too many, and how many too many. */
  readonly repeated: ReadonlyMap<string, number>;
  /** Copies too many, of all messages. */
  readonly extraCopies: number;
  /** Messages that arrived although no 250 was seen: a reply may be lost, a message may not. */
  readonly unanswered: number;
}

/**
 * What was promised (a copy for each recipient with a 250) against what came. A message whose 250 was
 * not seen may have come to all of its recipients.
 */
export function balance(promised: Ledger, arrived: Ledger, recipients = 1): Balance {
  const lost: string[] = [];
  for (const [id, copies] of promised.entries()) {
    if (arrived.copiesOf(id) < copies) lost.push(loadIdText(id));
  }
  const repeated = new Map<string, number>();
  let unanswered = 0;
  let extraCopies = 0;
  for (const [id, copies] of arrived.entries()) {
    const due = promised.copiesOf(id);
    if (due === 0) unanswered += 1;
    // Without a 250 one copy for each is nobody's fault: it is the client that does not know.
    const extra = copies - (due === 0 ? recipients : due);
    if (extra <= 0) continue;
    repeated.set(loadIdText(id), extra);
    extraCopies += extra;
  }
  return { lost, repeated, extraCopies, unanswered };
}
