/** How many copies of which message: of those that got a 250, or of those that arrived. */
import { assert } from "#lib/assert";
import { type LoadId, loadIdMax, loadIdText, parseLoadId } from "./load-id.ts";

const copiesMax = 65_535;

interface Account {
  readonly run: string;
  /** By number. */
  copies: Uint16Array;
  distinct: number;
}

export class Ledger {
  readonly #accounts = new Map<string, Account>();
  /** Nearly always a message is of the same run as the one before. */
  #last: Account | undefined;
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
    const account = this.#last?.run === run ? this.#last : this.#accountOf(run);
    if (n >= account.copies.length) grow(account, n);
    const before = account.copies[n] ?? 0;
    account.copies[n] = Math.min(copiesMax, before + copies);
    this.#total += copies;
    if (before > 0 || copies === 0) return false;
    this.#distinct += 1;
    account.distinct += 1;
    return true;
  }

  /** Messages of one run. */
  distinctOf(run: string): number {
    return this.#accounts.get(run)?.distinct ?? 0;
  }

  copiesOf({ run, n }: LoadId): number {
    return this.#accounts.get(run)?.copies[n] ?? 0;
  }

  *entries(): Generator<readonly [id: LoadId, copies: number]> {
    for (const { run, copies } of this.#accounts.values()) {
      for (let n = 0; n < copies.length; n++) {
        const count = copies[n] ?? 0;
        if (count > 0) yield [{ run, n }, count];
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

  #accountOf(run: string): Account {
    const known = this.#accounts.get(run);
    this.#last = known ?? { run, copies: new Uint16Array(1_024), distinct: 0 };
    if (known === undefined) this.#accounts.set(run, this.#last);
    return this.#last;
  }
}

function grow(account: Account, n: number): void {
  const { length } = account.copies;
  const grown = new Uint16Array(Math.min(loadIdMax, Math.max(n + 1, length * 2)));
  grown.set(account.copies);
  account.copies = grown;
}

/** To a file, or to stdout for `-`, as where there is no disk. */
export async function writeAccounts(path: string | undefined, ledger: Ledger): Promise<void> {
  if (path === undefined) return;
  await Bun.write(path === "-" ? Bun.stdout : path, ledger.toText());
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
