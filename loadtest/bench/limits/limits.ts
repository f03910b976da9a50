/** Whether limits are kept, and used: all that is asked for, one after the other. */
import type { LimitsOptions } from "../arguments.ts";
import { type Accuracy, accuracy } from "./accuracy.ts";
import { type Destinations, destinations } from "./destinations.ts";
import { type Fairness, fairness } from "./fairness.ts";
import { type Reckoning, reckoning } from "./reckoning.ts";

export interface Limits {
  readonly accuracy?: Accuracy;
  readonly fairness?: Fairness;
  readonly destinations?: Destinations;
  readonly reckoning?: Reckoning;
}

const messagesPerSecond = 50;
const connections = 10;
const cluster = { nats: 1, workers: 4, domainCount: 200 };

export interface LimitsRun extends LimitsOptions {
  readonly shards: number;
  readonly messages: number;
  readonly runs: number;
}

export async function limits(run: LimitsRun): Promise<Limits> {
  const { parts, seconds, hosts, shards, queued, messages, runs } = run;
  const told = (text: string) => void process.stderr.write(text);
  const asked = { ...cluster, messagesPerSecond, connections, shards, seconds, hosts, told };
  const isAsked = (part: LimitsOptions["parts"][number]) => parts.includes(part);
  return {
    ...(isAsked("reckoning") ? { reckoning: reckoning() } : {}),
    ...(isAsked("accuracy") ? { accuracy: await accuracy(asked) } : {}),
    ...(isAsked("fairness") ? { fairness: await fairness({ queued, messagesPerSecond }) } : {}),
    ...(isAsked("destinations") ? { destinations: await destinations({ messages, runs }) } : {}),
  };
}
