/** The faults in force: of the whole sink, of domains, and those that local parts ask for. */
import type { Random } from "#lib/random";
import type { DomainFaults } from "./domain-faults.ts";
import { type Fault, parseFault, type Stage } from "./fault.ts";

/** A fault and whose it is: a path, or nobody's when all of the sink has it. */
export interface Asked {
  readonly fault: Fault;
  readonly path: string;
}

/** Longer local parts ask for nothing. */
const wordMax = 64;
const wordsKeptMax = 10_000;
const nobodyAsks: readonly Asked[] = [];
/** What a word ends at: plus, at. */
const ends = new Set([43, 64]);

export class Faults {
  readonly #random: Random;
  readonly #domains: DomainFaults | undefined;
  /** What a word asks for, so that it is parsed once. */
  readonly #words = new Map<string, Fault | undefined>();
  /** Asks for nothing: nearly always the next path has the same. */
  #plain = "";
  readonly #uses = new Map<Fault, Map<string, number>>();
  readonly #counts = new Map<string, number>();
  #wide: readonly Asked[] = [];

  constructor(random: Random, domains?: DomainFaults) {
    this.#random = random;
    this.#domains = domains;
  }

  /**
   * From now on the whole sink does this, and nothing else of its own. @throws for an unknown word
   */
  replace(words: readonly string[]): void {
    this.#wide = words.map((word) => {
      const fault = parseFault(word);
      if (fault === undefined) throw new Error(`Cannot misbehave: "${word}" is no fault`);
      return { fault, path: "" };
    });
  }

  /** What a reverse-path asks for. */
  askedBySender(path: string): readonly Asked[] {
    const asked = this.#askedBy(path);
    return asked === undefined ? nobodyAsks : [asked];
  }

  /** What a forward-path asks for, and what has been drawn for its domain. */
  askedByRecipient(path: string): readonly Asked[] {
    const asked = this.askedBySender(path);
    const fault = this.#domains?.of(path.slice(path.lastIndexOf("@") + 1));
    return fault === undefined ? asked : [...asked, { fault, path }];
  }

  /** By its local part, up to a `+`. */
  #askedBy(path: string): Asked | undefined {
    const { length } = this.#plain;
    const isPlain = length > 0 && ends.has(path.charCodeAt(length)) && path.startsWith(this.#plain);
    return isPlain ? undefined : this.#lookUp(path);
  }

  #lookUp(path: string): Asked | undefined {
    const at = path.lastIndexOf("@");
    const plus = path.indexOf("+");
    const word = path.slice(0, plus >= 0 && plus < at ? plus : Math.max(0, at));
    if (word.length === 0 || word.length > wordMax) return undefined;
    let fault = this.#words.get(word);
    if (fault === undefined && !this.#words.has(word)) {
      if (this.#words.size >= wordsKeptMax) this.#words.clear();
      fault = parseFault(word);
      this.#words.set(word, fault);
    }
    if (fault === undefined && !word.includes("@")) this.#plain = word;
    return fault === undefined ? undefined : { fault, path };
  }

  /** The fault that happens here and now, if any. It is counted. */
  striking(stage: Stage, asked: readonly Asked[]): Fault | undefined {
    if (this.#wide.length === 0 && asked.length === 0) return undefined;
    for (const one of [...this.#wide, ...asked]) {
      if (one.fault.stage === stage && this.#strikes(one)) return one.fault;
    }
    return undefined;
  }

  /** How often each has happened: `reply at rcpt`. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  #strikes({ fault, path }: Asked): boolean {
    const uses = this.#uses.get(fault) ?? new Map<string, number>();
    this.#uses.set(fault, uses);
    const used = uses.get(path) ?? 0;
    if (used >= fault.timesMax) return false;
    if (fault.oneIn > 1 && this.#random.below(fault.oneIn) > 0) return false;
    if (fault.timesMax !== Number.POSITIVE_INFINITY) uses.set(path, used + 1);
    const name = `${fault.misdeed.kind} at ${fault.stage}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    return true;
  }
}
