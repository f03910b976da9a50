/**
 * A provider of many domains under limits that several workers share, with always more mail than they
 * allow: in peace, when the limits' home is killed, and when shards move.
 */
import { systemClock } from "#lib/clock";
import { Source, type SourceOptions } from "../../source/source.ts";
import { domains } from "../contestants/contestant.ts";
import { sourceOptions } from "../workload.ts";
import { LimitedCluster, type LimitedClusterOptions } from "./limited-cluster.ts";
import { between, jitterMs, mostWithin, perSecond } from "./windows.ts";

export interface AccuracyOptions extends LimitedClusterOptions {
  /** Of the phase in peace. */
  readonly seconds: number;
  readonly told: (text: string) => void;
}

export interface Phase {
  readonly name: string;
  readonly seconds: number;
  readonly messages: number;
  /** Of what the limit that binds allows; 1: all. */
  readonly used: number;
  /** Within one second, as the sink saw it, and as the workers' logs tell when each was begun. */
  readonly most: number;
  readonly mostSent: number;
  /** What the way must have added or taken, if the limit was kept to: 0 when nothing has to be explained. */
  readonly jitterMs: number;
  readonly jitterSentMs: number;
  readonly connectionsMost: number;
  readonly connectionsMean: number;
  /** More than the limit at a time, at the longest. */
  readonly aboveMs: number;
  readonly perSecond: readonly number[];
  /** Accepted and not gone, at its end: without any nothing is known of what was used. */
  readonly waiting: number;
}

export interface Accuracy {
  readonly messagesPerSecond: number;
  readonly burst: number;
  readonly connections: number;
  readonly hosts: "own" | "shared";
  readonly workers: number;
  readonly domains: number;
  readonly phases: readonly Phase[];
}

const settleMs = 15_000;
/** Others claim a dead worker's shards after 30 s, and a new home is silent for five more. */
const afterKillMs = 70_000;
const afterMoveMs = 20_000;
const slowMs = 500;
/** There is always more than may go, whatever the turns of domains. */
const overload = 1.3;
/** Seconds of mail that wait from the beginning. */
const ahead = 40;

export async function accuracy(options: AccuracyOptions): Promise<Accuracy> {
  await using limited = await LimitedCluster.start(options);
  const { messagesPerSecond, connections, domainCount, hosts, workers } = options;
  const run = new Run(limited, options);
  const phases = await run.phases();
  const { burst } = limited.provider;
  return { messagesPerSecond, burst, connections, hosts, workers, domains: domainCount, phases };
}

class Run {
  readonly #limited: LimitedCluster;
  readonly #options: AccuracyOptions;
  readonly #phases: Phase[] = [];
  readonly #sources: Source[] = [];

  constructor(limited: LimitedCluster, options: AccuracyOptions) {
    this.#limited = limited;
    this.#options = options;
  }

  async phases(): Promise<readonly Phase[]> {
    const { seconds, messagesPerSecond } = this.#options;
    await this.#source(this.#load("ahead", messagesPerSecond * ahead)).run();
    const ratePerSecond = messagesPerSecond * overload;
    const source = this.#source({ ...this.#load("more", Number.POSITIVE_INFINITY), ratePerSecond });
    const sending = source.run();
    await this.#phase("start", () => systemClock.sleep(settleMs));
    await this.#phase("in peace", () => systemClock.sleep(seconds * 1_000));
    const killed = await this.#limited.home("messages");
    await this.#phase("the rate's home is killed", async () => {
      await killed.node.kill();
      await systemClock.sleep(afterKillMs);
    });
    await this.#phase("it starts again", async () => {
      await killed.node.start();
      await systemClock.sleep(afterMoveMs);
    });
    const stopped = await this.#limited.home("connections");
    await this.#phase("the connections' home gets SIGTERM", async () => {
      await stopped.node.terminate();
      await systemClock.sleep(afterMoveMs);
    });
    await this.#phase("it starts again", async () => {
      await stopped.node.start();
      await systemClock.sleep(afterMoveMs);
    });
    await this.#connections();
    source.stop();
    await sending;
    return this.#phases;
  }

  /** Each message takes so long at the sink that connections are what there is too little of. */
  async #connections(): Promise<void> {
    this.#limited.sink.misbehave(`slow-${slowMs}ms`);
    await systemClock.sleep(settleMs);
    const perSecondMax = (this.#options.connections * 1_000) / slowMs;
    const { seconds } = this.#options;
    await this.#phase(
      `each takes ${slowMs} ms`,
      () => systemClock.sleep(seconds * 1_000),
      perSecondMax,
    );
    this.#limited.sink.misbehave();
  }

  async #phase(
    name: string,
    act: () => Promise<void>,
    perSecondMax = this.#options.messagesPerSecond,
  ): Promise<void> {
    const { record, provider } = this.#limited;
    const [from, fromDate] = [systemClock.monotonic(), systemClock.now()];
    await act();
    const [until, untilDate] = [systemClock.monotonic(), systemClock.now()];
    const seconds = (until - from) / 1_000;
    const seen = between(record.mails, from, until);
    const begun = between(await this.#limited.sent(domains.up), fromDate, untilDate);
    const pace = { intervalMs: 1_000 / this.#options.messagesPerSecond, burst: provider.burst };
    const open = record.open(from, until);
    const phase = {
      name,
      seconds,
      messages: seen.length,
      used: seen.length / (perSecondMax * seconds),
      most: mostWithin(seen, 1_000),
      mostSent: mostWithin(begun, 1_000),
      jitterMs: jitterMs(seen, pace),
      jitterSentMs: jitterMs(begun, pace),
      connectionsMost: open.most,
      connectionsMean: open.mean,
      aboveMs: record.longestAboveMs(this.#options.connections, from, until),
      perSecond: perSecond(seen, from, until),
      waiting: this.#accepted - this.#limited.sink.ledger.distinct,
    };
    this.#phases.push(phase);
    this.#options.told(`${name}: ${(phase.used * 100).toFixed(1)} % used\n`);
  }

  get #accepted(): number {
    return this.#sources.reduce((sum, source) => sum + source.summary().accepted, 0);
  }

  #source(options: SourceOptions): Source {
    const source = new Source(options);
    this.#sources.push(source);
    return source;
  }

  #load(run: string, messages: number) {
    const { domainCount } = this.#options;
    const to = this.#limited.edge;
    return sourceOptions({ to, run, messages, sessions: 10, sizeBytes: 2_048, domainCount });
  }
}
