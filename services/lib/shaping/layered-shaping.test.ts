/** What applies to whom: a line for each limit, as `godwit shaping show` has them. */
import { describe, expect, test } from "bun:test";
import type { Subject } from "#lib/limits/limit";
import { printRate } from "#lib/limits/rate";
import { shapedBy } from "../../../test/support/delivery/shaped.ts";
import { loadShapingAlone } from "./load.ts";
import type { Shaping } from "./shaping.ts";

/** `connections 10 provider+source default x.yaml:2`. */
function linesOf(shaping: Shaping, subject: Subject): readonly string[] {
  const { limits, caps } = shaping.pathFor(subject);
  return [...limits, ...caps].map((limit) => {
    const value = "max" in limit ? limit.max : printRate(limit.rate);
    const { kind, scope, name, provenance } = limit;
    return `${kind} ${value} ${scope.join("+")} ${name} ${provenance.split(":")[1]}`;
  });
}

function layered(...texts: readonly string[]): Shaping {
  const loaded = loadShapingAlone(texts.map((text, i) => ({ name: `${"abc"[i]}.yaml`, text })));
  if ("shaping" in loaded) return loaded.shaping;
  throw new Error(JSON.stringify(loaded.faults));
}

const at = { destination: "a.example", provider: "mx:mx.example" };
const atBig = { destination: "big.example", provider: "big" };

describe("default", () => {
  const shaping = shapedBy(`
default: { connections: 10, messages: 20/s burst 5, messagesPerConnection: 100 }
providers:
  big: { match: { domains: [big.example] }, connections: 50, messages: none }
domains:
  a.example: { messages: 10/min }
  "*.b.example": { connections: 3 }
`);

  test("counts each provider that is not named", () => {
    expect(linesOf(shaping, { destination: "x.example", provider: "mx:mx.example" })).toEqual([
      "connections 10 provider default 2",
      "messages 20/s burst 5 provider default 2",
      "messagesPerConnection 100 provider default 2",
    ]);
  });

  test("is replaced by what a provider says, kind by kind", () => {
    expect(linesOf(shaping, atBig)).toEqual([
      "connections 50 provider providers.big 4",
      "messagesPerConnection 100 provider default 2",
    ]);
  });

  test("is replaced by what a domain says, too", () => {
    expect(linesOf(shaping, at)).toEqual([
      "connections 10 provider default 2",
      "messages 10/min destination domains.a.example 6",
      "messagesPerConnection 100 provider default 2",
    ]);
    expect(linesOf(shaping, { ...at, destination: "x.b.example" })[0]).toBe(
      "connections 3 destination domains.*.b.example 7",
    );
  });

  test("does not apply where there is no provider: the next hop is of a route", () => {
    expect(linesOf(shaping, { destination: "x.example" })).toEqual([]);
    expect(linesOf(shaping, { destination: "a.example" })).toEqual([
      "messages 10/min destination domains.a.example 6",
    ]);
  });
});

describe("limits of different scope", () => {
  const shaping = shapedBy(`
providers:
  big: { match: { domains: [big.example] }, connections: 50 }
domains: { big.example: { connections: 5 } }
sources: { s1: { connections: 7 } }
tenants: { acme: { connections: 8 }, "*": { connections: 2, messages: 1/s } }
campaigns: { spring: { per: [tenant], connections: 9 } }
limits:
  pair: { scope: [provider, tenant], connections: 4 }
  some: { scope: [tenant], only: { provider: [big], tenant: [acme] }, connections: 3 }
  below: { scope: [source], only: { destination: ["*.example"] }, connections: 6 }
`);

  test("apply all of them, and the smallest rules", () => {
    const subject = { ...atBig, source: "s1", tenant: "acme", campaign: "spring" };
    expect(linesOf(shaping, subject)).toEqual([
      "connections 50 provider providers.big 3",
      "connections 5 destination domains.big.example 4",
      "connections 7 source sources.s1 5",
      "connections 8 tenant tenants.acme 6",
      "connections 9 tenant+campaign campaigns.spring 7",
      "connections 4 provider+tenant limits.pair 9",
      "connections 3 tenant limits.some 10",
      "connections 6 source limits.below 11",
      "messages 1/s tenant tenants.* 6",
    ]);
  });

  test("apply where the subject has what they are of", () => {
    expect(linesOf(shaping, atBig)).toEqual([
      "connections 50 provider providers.big 3",
      "connections 5 destination domains.big.example 4",
    ]);
    expect(linesOf(shaping, { destination: "x.org", tenant: "other", source: "s2" })).toEqual([
      "connections 2 tenant tenants.* 6",
      "messages 1/s tenant tenants.* 6",
    ]);
  });
});

describe("of one kind over one scope", () => {
  const shaping = shapedBy(`
default: { per: [source], connections: 10 }
providers:
  big: { match: { domains: [big.example] }, per: [source], connections: 20 }
sources:
  s1: { providers: { big: { connections: 100 } }, default: { connections: 1 } }
  s2: { providers: { big: { connections: none } } }
`);

  test("the most specific counts, be it larger", () => {
    expect(linesOf(shaping, { ...atBig, source: "s1" })).toEqual([
      "connections 100 provider+source sources.s1.providers.big 6",
    ]);
    expect(linesOf(shaping, { ...at, source: "s1" })).toEqual([
      "connections 1 provider+source sources.s1.default 6",
    ]);
  });

  test("none takes it away", () => {
    expect(linesOf(shaping, { ...atBig, source: "s2" })).toEqual([]);
    expect(linesOf(shaping, { ...at, source: "s2" })).toEqual([
      "connections 10 provider+source default 2",
    ]);
  });

  test("who names no sources has one", () => {
    expect(linesOf(shaping, atBig)).toEqual(["connections 20 provider providers.big 4"]);
  });

  test("mail without a tenant is one more that is counted by itself", () => {
    const perTenant = shapedBy("default: { per: [tenant], connections: 1 }");
    expect(linesOf(perTenant, at)).toEqual(["connections 1 provider default 1"]);
    expect(linesOf(perTenant, { ...at, tenant: "t" })).toEqual([
      "connections 1 provider+tenant default 1",
    ]);
  });
});

describe("a tenant's own places", () => {
  const shaping = shapedBy(`
default: { connections: 10 }
providers: { big: { match: { domains: [big.example] }, connections: 50 } }
tenants:
  acme:
    default: { connections: 2, messages: 1/s }
    providers: { big: { connections: 80 } }
    domains: { a.example: { messages: 1/min } }
  "*":
    default: { messages: 5/s, bytes: 1MiB/s }
`);

  test("narrow what all share, and cannot widen it", () => {
    expect(linesOf(shaping, { ...atBig, tenant: "acme" })).toEqual([
      "connections 50 provider providers.big 3",
      "connections 80 provider+tenant tenants.acme.providers.big 7",
      "messages 1/s provider+tenant tenants.acme.default 6",
      expect.stringContaining("provider+tenant tenants.*.default 10"),
    ]);
    expect(linesOf(shaping, { ...at, tenant: "acme" }).slice(0, 3)).toEqual([
      "connections 10 provider default 2",
      "connections 2 provider+tenant tenants.acme.default 6",
      "messages 1/min destination+tenant tenants.acme.domains.a.example 8",
    ]);
  });
});

test("one value may stand for a list of one", () => {
  const shaping = shapedBy(`
providers: { big: { match: { mx: .big.example, domains: big.example }, per: source, connections: 1 } }
limits: { x: { scope: tenant, only: { provider: big, destination: "*.example" }, messages: 1/s } }
`);
  expect(shaping.providerOf("a.example", ["mx.big.example"])).toBe("big");
  expect(linesOf(shaping, { ...atBig, source: "s", tenant: "t" })).toEqual([
    "connections 1 provider+source providers.big 2",
    "messages 1/s tenant limits.x 3",
  ]);
});

test("a domain is the same in whatever spelling", () => {
  const spelt = shapedBy(
    "domains: { A.Example: { connections: 1 }, bücher.example: { connections: 2 } }",
  );
  expect(linesOf(spelt, at)).toEqual(["connections 1 destination domains.a.example 1"]);
  expect(linesOf(spelt, { destination: "xn--bcher-kva.example" })).toEqual([
    "connections 2 destination domains.xn--bcher-kva.example 1",
  ]);
});

describe("layers", () => {
  const below = `
default: { connections: 10, messages: 20/s, concurrency: { first: 5, max: 20 }, idle: 5s }
providers:
  big: { match: { domains: [big.example] }, connections: 50, messages: 1/s }
tenants: { acme: { providers: { big: { connections: 3 } }, messages: 9/s } }
`;

  test("change single keys, and each value says where it comes from", () => {
    const shaping = layered(below, "\n\nproviders: { big: { connections: 60 } }");
    expect(shaping.pathFor(atBig).limits).toMatchObject([
      { kind: "connections", max: 60, provenance: "b.yaml:3" },
      { kind: "messages", provenance: "a.yaml:4" },
    ]);
  });

  test("replace a whole entry, and what is within, when they say so", () => {
    const replacing =
      "providers: { big: { replace: true, match: { domains: [big.example] }, bytes: 1MiB/s } }";
    expect(layered(below, replacing).pathFor(atBig).limits).toMatchObject([
      { kind: "connections", name: "default" },
      { kind: "messages", name: "default" },
      { kind: "bytes", name: "providers.big" },
    ]);
    const tenant = layered(below, "tenants: { acme: { replace: true, connections: 1 } }");
    expect(linesOf(tenant, { ...atBig, tenant: "acme" })).toEqual([
      "connections 50 provider providers.big 4",
      "connections 1 tenant tenants.acme 1",
      "messages 1/s provider providers.big 4",
    ]);
  });
});

describe("settings", () => {
  const shaping = layered(
    "default: { concurrency: { first: 5, max: 20 }, idle: 5s }",
    "providers:\n  big: { match: { domains: [big.example] }, concurrency: { max: 2 } }",
    "domains: { big.example: { idle: 30s }, '*.big.example': { concurrency: { first: 1 } } }",
  );

  test("are those of the domain, the provider, the rest, in this order", () => {
    expect(shaping.pathFor(atBig)).toMatchObject({
      concurrencyFirst: 2,
      concurrencyMax: 2,
      idleMs: 30_000,
      provenance: {
        concurrencyFirst: "b.yaml:2",
        concurrencyMax: "b.yaml:2",
        idleMs: "c.yaml:1",
      },
    });
    expect(shaping.pathFor({ destination: "x.big.example" })).toMatchObject({
      concurrencyFirst: 1,
      concurrencyMax: 20,
      idleMs: 5_000,
    });
  });

  test("are there without a word in any file", () => {
    const { provenance, ...settings } = shapedBy().pathFor(at);
    expect(settings).toEqual({
      limits: [],
      caps: [],
      concurrencyFirst: 5,
      concurrencyMax: 20,
      idleMs: 5_000,
    });
    expect(provenance.idleMs).toBe("built in");
  });
});

describe("asked again", () => {
  const shaping = shapedBy(`
default: { connections: 10 }
domains: { named.example: { connections: 1 } }
`);

  test("it answers the same, also for others of whom the files say the same", () => {
    const path = shaping.pathFor(at);
    expect(shaping.pathFor(at)).toBe(path);
    expect(shaping.pathFor({ ...at, destination: "b.example", tenant: "new" }).limits).toEqual(
      path.limits,
    );
    expect(shaping.pathFor({ destination: "c.example", provider: "mx:other" })).toBe(path);
    expect(shaping.pathFor({ ...at, destination: "named.example" })).not.toBe(path);
  });

  test("it stays bounded, whatever the files tell apart", () => {
    const names = Array.from({ length: 150 }, (_, n) => n);
    const tenants = names.map((n) => `  t${n}: { connections: 1 }\n`).join("");
    const domains = names.map((n) => `  d${n}.example: { connections: 1 }\n`).join("");
    const wide = shapedBy(`tenants:\n${tenants}domains:\n${domains}`);
    const asked = (t: number, d: number) =>
      wide.pathFor({ destination: `d${d}.example`, tenant: `t${t}` });
    const first = asked(0, 0);
    const usual = asked(7, 7);
    for (const t of names) {
      for (const d of names) expect(asked(t, d).limits).toHaveLength(2);
      expect(asked(7, 7)).toBe(usual);
    }
    expect(asked(0, 0)).not.toBe(first);
    expect(asked(0, 0)).toEqual(first);
    expect(asked(149, 149)).toBe(asked(149, 149));
  });
});

describe("weights of tenants", () => {
  const shaping = layered(
    "tenants: { acme: { weight: 3, connections: 5 }, '*': { weight: 2 }, small: { connections: 1 } }",
    "tenants: { acme: { connections: 9 }, zeta: { weight: 100 } }",
  );

  test.each([
    ["acme", { value: 3, provenance: "a.yaml:1" }],
    ["zeta", { value: 100, provenance: "b.yaml:1" }],
    ["small", { value: 2, provenance: "a.yaml:1" }],
    ["unheard-of", { value: 2, provenance: "a.yaml:1" }],
    ["", { value: 1, provenance: "built in" }],
  ])("of %p are %p", (tenant, weight) => {
    expect(shaping.weightOf(tenant)).toEqual(weight);
  });

  test("are even where nobody says anything", () => {
    expect(layered("").weightOf("acme")).toEqual({ value: 1, provenance: "built in" });
  });
});
