/**
 * Who got which copy, life by life of a process that is killed. In one life nobody gets a second
 * copy; a second one in a later life is in doubt only when the queue still owed it at the kill.
 */
import { loadIdText } from "../../../loadtest/load-id.ts";
import type { SunkMessage } from "../../../loadtest/sink/tally.ts";

export class Accounts {
  /** Copies by forward-path. */
  readonly #copies = new Map<string, number>();
  /** Those that came in this life. */
  #inThisLife = new Map<string, number>();
  readonly #settled = new Set<string>();
  readonly #faults: string[] = [];
  #inDoubt = 0;

  readonly arrived = ({ id, reversePath, recipients }: SunkMessage): void => {
    if (id === undefined || reversePath === "") return;
    for (const { forwardPath } of recipients) {
      if (this.#settled.has(forwardPath)) this.#wrong("came after it was settled", forwardPath, id);
      grow(this.#copies, forwardPath);
      grow(this.#inThisLife, forwardPath);
    }
  };

  /** The process is gone, and all that it had sent is here. */
  lifeEnded(owed: ReadonlySet<string>): void {
    for (const [path, copies] of this.#inThisLife) {
      if (copies > 1) this.#wrong(`came ${copies} times in one life`, path);
      if (owed.has(path)) this.#inDoubt += 1;
      else this.#settled.add(path);
    }
    this.#inThisLife = new Map();
  }

  copiesOf(forwardPath: string): number {
    return this.#copies.get(forwardPath) ?? 0;
  }

  /** Copies beyond one, of all recipients. */
  get extraCopies(): number {
    let extra = 0;
    for (const copies of this.#copies.values()) extra += copies - 1;
    return extra;
  }

  /**
   * Recipients that had got their copy when the process was killed, before it could write that
   * down.
   */
  get inDoubt(): number {
    return this.#inDoubt;
  }

  /** Copies that no doubt excuses. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  #wrong(what: string, path: string, id?: NonNullable<SunkMessage["id"]>): void {
    this.#faults.push(`${path}${id === undefined ? "" : ` (${loadIdText(id)})`} ${what}`);
  }
}

function grow(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
