/** What the source is told to send in a measurement. */
import type { Endpoint } from "#lib/net/transport";
import type { SourceOptions } from "../source/source.ts";
import { domains } from "./contestants/contestant.ts";

export interface Workload {
  readonly to: Endpoint;
  readonly run: string;
  readonly messages: number;
  readonly sessions: number;
  readonly sizeBytes: number;
  readonly ratePerSecond?: number;
  readonly domain?: string;
  /** So many below `domain`, in turn; one: itself. */
  readonly domainCount?: number;
  readonly localPart?: string;
  readonly tenant?: string;
}

/** Reused sessions, no pipelining: a reply to each command before the next. */
export function sourceOptions(workload: Workload): SourceOptions {
  const { to, run, messages, sessions, sizeBytes, ratePerSecond, domain = domains.up } = workload;
  const { domainCount = 1, localPart = "load", tenant } = workload;
  return {
    to,
    job: {
      run,
      sizesBytes: [sizeBytes],
      recipients: 1,
      domains: domainNames(domain, domainCount),
      localPart,
      reversePath: "load@load.example",
      ...(tenant === undefined ? {} : { tenant }),
    },
    session: {
      tls: "none",
      auth: undefined,
      pipelining: "never",
      hostname: "source.example",
    },
    sessions,
    messages,
    ratePerSecond,
    messagesPerSession: Number.POSITIVE_INFINITY,
    reconnect: "never",
    replyTimeoutMs: 60_000,
  };
}

function domainNames(domain: string, count: number): readonly string[] {
  return count === 1 ? [domain] : Array.from({ length: count }, (_, i) => `d${i}.${domain}`);
}
