/** What the source is told to send in a measurement. */
import { type Clock, systemClock } from "#lib/clock";
import type { Endpoint, Transport } from "#lib/net/transport";
import { loadTransport } from "../net/load-transport.ts";
import type { SessionOptions } from "../source/session.ts";
import type { SourceOptions, SourcePorts } from "../source/source.ts";
import { type Contestant, domains } from "./contestants/contestant.ts";

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
  readonly tls?: SessionOptions["tls"];
}

/** Reused sessions, no pipelining: a reply to each command before the next. */
export function sourceOptions(workload: Workload): SourceOptions {
  const { to, run, messages, sessions, sizeBytes, ratePerSecond, domain = domains.up } = workload;
  const { domainCount = 1, localPart = "load", tenant, tls = "none" } = workload;
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
      tls,
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

/** What a source that is alone in its process stands on. */
export function sourcePorts(
  tls: SessionOptions["tls"],
  { connectEveryMs }: Pick<Contestant, "connectEveryMs">,
): SourcePorts {
  const transport = loadTransport(tls === "none" ? "clear" : "tls");
  const isSpread = connectEveryMs !== undefined;
  return {
    clock: systemClock,
    transport: isSpread ? spread(transport, systemClock, connectEveryMs) : transport,
  };
}

/** With a pause between two connections. */
export function spread(transport: Transport, clock: Clock, everyMs: number): Transport {
  let dueAt = Number.NEGATIVE_INFINITY;
  return {
    listen: (...args) => transport.listen(...args),
    async connect(...args) {
      const now = clock.monotonic();
      dueAt = Math.max(now, dueAt + everyMs);
      if (dueAt > now) await clock.sleep(dueAt - now);
      return await transport.connect(...args);
    },
  };
}

function domainNames(domain: string, count: number): readonly string[] {
  return count === 1 ? [domain] : Array.from({ length: count }, (_, i) => `d${i}.${domain}`);
}
