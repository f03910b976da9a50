/** Sources at every edge of a cluster, which go on until they are stopped. */
import { systemClock } from "#lib/clock";
import type { Endpoint } from "#lib/net/transport";
import { type Balance, balance, Ledger } from "../../../loadtest/ledger.ts";
import type { LoadId } from "../../../loadtest/load-id.ts";
import { sourceArguments } from "../../../loadtest/source/arguments.ts";
import { Source } from "../../../loadtest/source/source.ts";
import type { SourceSummary } from "../../../loadtest/source/summary.ts";
import type { Transits } from "./transits.ts";

/** Words of a source's command line; what is not said is the source's default. */
export type LoadWords = readonly string[];

export interface LoadTarget {
  /** Of a-z and 0-9: a part of each run's name. */
  readonly name: string;
  readonly at: Endpoint;
}

export interface ClusterLoadOptions {
  readonly edges: readonly LoadTarget[];
  /** The first part of each run's name: a-z, 0-9. */
  readonly run: string;
  /** Each of them is sent at each edge. */
  readonly loads: readonly LoadWords[];
  /** Told of each message before its MAIL. */
  readonly transits: Pick<Transits, "begun">;
}

const endless = ["--messages", "99000000", "--reconnect"];

interface Run {
  readonly run: string;
  /** Of each message. */
  readonly recipients: number;
  readonly source: Source;
}

export class ClusterLoad {
  readonly #sources: readonly Source[];
  readonly #runs: readonly Run[];
  readonly #ended: Promise<readonly SourceSummary[]>;

  static start(options: ClusterLoadOptions): ClusterLoad {
    return new ClusterLoad(options);
  }

  private constructor({ edges, run, loads, transits }: ClusterLoadOptions) {
    this.#runs = edges.flatMap(({ at, name }) =>
      loads.map((words, n) => {
        const place = `${at.address}:${at.port}`;
        const args = [place, ...endless, "--run", `${run}${name}x${n}`, ...words];
        const { source } = sourceArguments(args, () => "");
        const begun = (id: LoadId) => transits.begun(id, systemClock.monotonic());
        const { run: ofOne, recipients } = source.job;
        return { run: ofOne, recipients, source: new Source({ ...source, begun }) };
      }),
    );
    this.#sources = this.#runs.map(({ source }) => source);
    this.#ended = Promise.all(this.#sources.map((source) => source.run()));
  }

  /** Resolves when so many more messages have got a 250. */
  async more(messages: number): Promise<void> {
    const share = Math.ceil(messages / this.#sources.length);
    await Promise.all(
      this.#sources.map((source) => source.accepted(source.promised.distinct + share)),
    );
  }

  /** As `more`, of any source: one of the edges may be away. */
  async moreOfAny(messages: number): Promise<void> {
    await Promise.race(
      this.#sources.map((source) => source.accepted(source.promised.distinct + messages)),
    );
  }

  /** Resolves when what was begun has been answered. */
  async stop(): Promise<readonly SourceSummary[]> {
    for (const source of this.#sources) source.stop();
    return await this.#ended;
  }

  /** Messages with a 250. */
  get accepted(): number {
    return this.#sources.reduce((sum, { promised }) => sum + promised.distinct, 0);
  }

  /** How often a reply was this code, instead of 250. */
  refusals(code: number): number {
    return this.#sources
      .flatMap((source) => Object.entries(source.summary().refused))
      .filter(([reply]) => reply.startsWith(String(code)))
      .reduce((sum, [, times]) => sum + times, 0);
  }

  /** Of this load alone, of all that has arrived. */
  balanceWith(arrived: Ledger): Pick<Balance, "lost" | "extraCopies"> {
    const balances = this.#runs.map(({ run, recipients, source }) => {
      const ours = new Ledger();
      for (const [id, copies] of arrived.entries()) if (id.run === run) ours.add(id, copies);
      return balance(source.promised, ours, recipients);
    });
    return {
      lost: balances.flatMap(({ lost }) => lost),
      extraCopies: balances.reduce((sum, { extraCopies }) => sum + extraCopies, 0),
    };
  }
}
