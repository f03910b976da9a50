/** Several sources at once, all to one process that may be killed and come back elsewhere. */
import { systemClock } from "#lib/clock";
import { balance, Ledger } from "../../../loadtest/ledger.ts";
import { sourceArguments } from "../../../loadtest/source/arguments.ts";
import { Source } from "../../../loadtest/source/source.ts";
import type { SourceSummary } from "../../../loadtest/source/summary.ts";
import { followingTransport } from "./following-transport.ts";
import type { StandaloneProcess } from "./standalone-process.ts";

export interface LoadOptions {
  readonly to: StandaloneProcess;
  /** The words of each source's command line, without the address. */
  readonly sources: readonly string[];
  /** Told of each message before its MAIL is sent. */
  readonly begun?: () => void;
}

export class Load {
  readonly #sources: readonly Source[];
  readonly #ended: Promise<readonly SourceSummary[]>;

  static start(options: LoadOptions): Load {
    return new Load(options);
  }

  private constructor({ to, sources, begun = () => {} }: LoadOptions) {
    const ports = { transport: followingTransport(() => to.submission), clock: systemClock };
    this.#sources = sources.map((words, n) => {
      // Where it really goes is the transport's business.
      const args = ["127.0.0.1:1", "--run", `run${n}`, ...words.split(" ")];
      const { source } = sourceArguments(args, () => "");
      return new Source({ ...source, begun }, ports);
    });
    this.#ended = Promise.all(this.#sources.map((source) => source.run()));
  }

  /** Resolves when what was begun has been answered. */
  async stop(): Promise<readonly SourceSummary[]> {
    for (const source of this.#sources) source.stop();
    return await this.#ended;
  }

  /** Resolves when each source has sent what it was told to. */
  finished(): Promise<readonly SourceSummary[]> {
    return this.#ended;
  }

  /** Resolves when each source has so many 250s. */
  async accepted(count: number): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.accepted(count)));
  }

  /** Messages with a 250, so far. */
  get messages(): number {
    return this.#sources.reduce((sum, { promised }) => sum + promised.distinct, 0);
  }

  /** Ids of messages with a 250 that lack a copy. */
  missingIn(arrived: readonly Ledger[]): readonly string[] {
    const all = merged(arrived);
    return this.#sources.flatMap(({ promised }) => balance(promised, all).lost);
  }
}

function merged(ledgers: readonly Ledger[]): Ledger {
  const all = new Ledger();
  for (const ledger of ledgers) for (const [id, copies] of ledger.entries()) all.add(id, copies);
  return all;
}
