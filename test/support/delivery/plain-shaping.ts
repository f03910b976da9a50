/** The same shaping for all mail, for tests that do not care: some sessions for each destination, and no rates. */
import type { Rule } from "#lib/automation/rule";
import type { CapLimit, CountedLimit } from "#lib/limits/limit";
import type { Shaping } from "#lib/shaping/shaping";

export interface PlainShaping {
  readonly first?: number;
  readonly max?: number;
  readonly idleMs?: number;
  /** Beside that of `max` sessions. */
  readonly limits?: readonly CountedLimit[];
  readonly automation?: readonly Rule[];
  /** Of tenants; each other one has 1. */
  readonly weights?: Readonly<Record<string, number>>;
}

const provenance = "the test";

export function plainShaping(plain: PlainShaping = {}): Shaping {
  const { first = 5, max = 20, idleMs = 5_000, limits = [], automation = [] } = plain;
  const { weights = {} } = plain;
  const scope = ["destination"] as const;
  const sessions: CountedLimit = { name: "sessions", kind: "connections", scope, max, provenance };
  const kind = "messagesPerConnection";
  const cap: CapLimit = { name: kind, kind, scope, max: 1_000, provenance };
  const settings = {
    concurrencyFirst: first,
    concurrencyMax: max,
    idleMs,
    limits: [sessions, ...limits],
    caps: [cap],
    provenance: { concurrencyFirst: provenance, concurrencyMax: provenance, idleMs: provenance },
  };
  return {
    providerOf: (domain, mxHosts) => (mxHosts.length === 0 ? domain : mxHosts.toSorted().join()),
    providerOfRoute: () => undefined,
    pathFor: () => settings,
    weightOf: (tenant) => ({ value: weights[tenant] ?? 1, provenance }),
    automation,
  };
}

export function constantly(shaping: Shaping): () => Shaping {
  return () => shaping;
}
