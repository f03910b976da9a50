/** Many destinations with one message each beside one with as many; and others beside one that is slow. */
import { systemClock } from "#lib/clock";
import { Sink } from "../../sink/sink.ts";
import { Source } from "../../source/source.ts";
import type { SourceSummary } from "../../source/summary.ts";
import type { Running } from "../contestants/contestant.ts";
import { godwit } from "../contestants/godwit.ts";
import { medianOf } from "../statistics.ts";
import { sourceOptions, type Workload } from "../workload.ts";

export interface DestinationsOptions {
  readonly messages: number;
  readonly runs: number;
}

export interface Destinations extends DestinationsOptions {
  /** Through a second: medians. */
  readonly toOne: number;
  readonly toMany: number;
  readonly beside: {
    /** To many, without and with a destination that answers each command only after a long time. */
    readonly none: number;
    readonly slow: number;
    /** Connections that the slow one held in the end. */
    readonly slowConnections: number;
  };
}

const sessions = 20;
const sizeBytes = 2_048;
const warmUpMessages = 10_000;
const besideDomains = 200;
const slowDomain = "slow.example";
/** At the sink: longer than the run. */
const slowWord = "slow-600s-at-rcpt";
const slowMessages = 2_000;
const settleMs = 2_000;

export async function destinations(options: DestinationsOptions): Promise<Destinations> {
  const { messages, runs } = options;
  await using plain = await Bench.start();
  // Two with the same past: a server is at its pace only when its code is compiled.
  await using untarred = await Bench.start();
  await using tarred = await Bench.start();
  await untarred.through(slowMessages, 1);
  await tarred.slow();
  const one: number[] = [];
  const many: number[] = [];
  const none: number[] = [];
  const slow: number[] = [];
  // In turns, so that what else happens on the machine hits all alike.
  for (let i = 0; i < runs; i++) {
    one.push(await plain.through(messages, 1));
    many.push(await plain.through(messages, messages));
    none.push(await untarred.through(messages, besideDomains));
    slow.push(await tarred.through(messages, besideDomains));
  }
  const { connections: slowConnections } = tarred;
  const beside = { none: medianOf(none), slow: medianOf(slow), slowConnections };
  return { ...options, toOne: medianOf(one), toMany: medianOf(many), beside };
}

class Bench implements AsyncDisposable {
  readonly #running: Running;
  readonly #sink: Sink;
  #runs = 0;

  static async start(): Promise<Bench> {
    const sink = await Sink.start();
    const bench = new Bench(await godwit.start({ up: sink.endpoint, down: sink.endpoint }), sink);
    await bench.through(warmUpMessages, besideDomains);
    return bench;
  }

  private constructor(running: Running, sink: Sink) {
    this.#running = running;
    this.#sink = sink;
  }

  get connections(): number {
    return this.#sink.counts.sessionsOpen;
  }

  /** A second, from the first connection to the last message at the sink. */
  async through(messages: number, domainCount: number): Promise<number> {
    const due = this.#sink.ledger.distinct + messages;
    const summary = await this.#send({ messages, domainCount });
    await this.#sink.until((_, ledger) => ledger.distinct >= due);
    return (messages * 1_000) / (this.#sink.counts.lastNewAt - summary.startedAt);
  }

  /** Resolves when it has as many connections as it gets. */
  async slow(): Promise<void> {
    await this.#send({ messages: slowMessages, domain: slowDomain, localPart: slowWord });
    await systemClock.sleep(settleMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.stop();
    await this.#sink.stop();
  }

  #send(
    load: Pick<Workload, "messages" | "domain" | "domainCount" | "localPart">,
  ): Promise<SourceSummary> {
    this.#runs += 1;
    const common = { to: this.#running.endpoint, sessions, sizeBytes, run: `r${this.#runs}` };
    return new Source(sourceOptions({ ...common, ...load })).run();
  }
}
