/** A provider of many domains, as it is written in a shaping file, and where its limits have their home. */
import type { CountedLimit } from "#lib/limits/limit";
import { keyOf } from "#lib/limits/limit";
import { allShards } from "#lib/queue/shard";
import { loadShaping } from "#lib/shaping/load";
import { homeOf } from "../../../services/delivery/limits/shares.ts";
import type { Exception } from "../../cluster/role-config.ts";
import { domains } from "../contestants/contestant.ts";

export interface ProviderOptions {
  readonly domainCount: number;
  /** `own`: each domain has a host of its own, so that no connection serves two. */
  readonly hosts: "own" | "shared";
  readonly messagesPerSecond: number;
  readonly connections: number;
  readonly shards: number;
}

export interface Provider {
  readonly shaping: string;
  /** Shards where its limits have their homes. */
  readonly homes: { readonly messages: number; readonly connections: number };
  readonly hosts: readonly string[];
  readonly burst: number;
  routes(port: number): readonly Exception[];
}

const name = "big";
const suffix = "mx.provider.example";

export function provider(options: ProviderOptions): Provider {
  const shaping = shapingText(options);
  const limits = limitsOf(shaping);
  const hosts = Array.from({ length: options.domainCount }, (_, i) => hostOf(i, options));
  const messages = limits.find((limit) => limit.kind === "messages");
  const connections = limits.find((limit) => limit.kind === "connections");
  return {
    shaping,
    homes: {
      messages: shardOf(messages, options.shards),
      connections: shardOf(connections, options.shards),
    },
    hosts: [...new Set(hosts)],
    burst: messages !== undefined && "rate" in messages ? messages.rate.burst : 1,
    routes: (port) =>
      hosts.map((address, i) => ({
        domain: `d${i}.${domains.up}`,
        nextHop: { address, port },
      })),
  };
}

function hostOf(i: number, { hosts }: ProviderOptions): string {
  return hosts === "own" ? `h${i}.${suffix}` : `h.${suffix}`;
}

function shapingText({ connections, messagesPerSecond }: ProviderOptions): string {
  return `providers:
  ${name}:
    match: { mx: [.${suffix}] }
    connections: ${connections}
    newConnections: none
    messages: ${messagesPerSecond}/s
`;
}

function limitsOf(text: string): readonly CountedLimit[] {
  const loaded = loadShaping([{ name: "bench", text }]);
  if ("faults" in loaded) throw new Error(`Cannot limit: ${JSON.stringify(loaded.faults)}`);
  return loaded.shaping.pathFor({ destination: `d0.${domains.up}`, provider: name }).limits;
}

function shardOf(limit: CountedLimit | undefined, shards: number): number {
  const key = limit && keyOf(limit, { provider: name });
  if (key === undefined) throw new Error("Cannot find the home of a limit");
  return homeOf(key, allShards(shards));
}
