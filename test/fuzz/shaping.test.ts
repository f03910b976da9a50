/** Shaping files that somebody mistyped; and what applies, against a slow search by the rules of ADR 0015. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { given } from "#lib/config/limits";
import type { Dimension, Subject } from "#lib/limits/limit";
import { printRate } from "#lib/limits/rate";
import { type LoadedShaping, loadShaping, loadShapingAlone, shippedFile } from "#lib/shaping/load";
import { shapedBy } from "../support/delivery/shaped.ts";
import { fuzzing } from "../support/fuzz.ts";
import { changes, mangled } from "../support/mangling.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

function expectPlaces(loaded: LoadedShaping, text: string): void {
  if ("shaping" in loaded) return;
  const lines = text.split("\n").length;
  expect(loaded.faults.length).toBeGreaterThan(0);
  for (const { file, line, column, message } of loaded.faults) {
    expect([file, message === ""]).toEqual(["x.yaml", false]);
    expect(line >= 1 && line <= lines && column >= 1).toBe(true);
  }
}

describe("a file that somebody mistyped has faults with places in it, and never breaks the reader", () => {
  test("a character here and there", () => {
    const example = encoder.encode(shippedFile.text);
    fc.assert(
      fc.property(changes, fc.nat(8_000), (drawn, from) => {
        const part = example.subarray(0, from);
        const text = decoder.decode(mangled(part, drawn));
        expectPlaces(loadShaping([{ name: "x.yaml", text }]), text);
      }),
      fuzzing(150),
    );
  });

  test("something else where something is known", () => {
    const words = [
      ...["default", "providers", "domains", "sources", "tenants", "campaigns", "limits", "google"],
      ...[
        "connections",
        "messages",
        "bytes",
        "per",
        "scope",
        "only",
        "match",
        "mx",
        "each",
        "idle",
      ],
      ...[
        "replace",
        "concurrency",
        "first",
        "a.example",
        "*",
        "*.example",
        "__proto__",
        "",
        "none",
      ],
      ...["constructor", "toString", "source", "provider", "tenant", "100/min", "5s", "1MiB/s"],
    ];
    const word = fc.constantFrom(...words);
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.oneof(word, fc.integer({ min: -1, max: 3 }), fc.boolean(), fc.constant(null)),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.array(fc.tuple(word, tie("value")), { maxLength: 5 }).map(Object.fromEntries),
      ),
    }));
    const section = fc.constantFrom(...words.slice(0, 7));
    const file = fc.array(fc.tuple(section, value), { maxLength: 6 }).map(Object.fromEntries);
    fc.assert(
      fc.property(file, (drawn) => {
        const text = JSON.stringify(drawn, undefined, 1);
        expectPlaces(loadShaping([{ name: "x.yaml", text }]), text);
      }),
      fuzzing(500),
    );
  });
});

const kinds = ["connections", "messages"] as const;
type Kind = (typeof kinds)[number];

/** An entry as it is written, by the keys that lead to it. */
interface Written {
  readonly path: readonly string[];
  readonly connections?: number | "none";
  readonly messages?: string;
  readonly per?: readonly Dimension[];
  readonly replace?: boolean;
  readonly scope?: readonly Dimension[];
  readonly only?: { readonly [D in Dimension]?: readonly string[] };
}

const providers = ["p", "q"];
const domains = ["a.example", "b.a.example", "*.a.example", "*.example"];
const places = [
  ["default"],
  ...providers.map((name) => ["providers", name]),
  ...domains.map((name) => ["domains", name]),
];
const partNames = { sources: ["s", "*"], tenants: ["t", "u", "*"], campaigns: ["c", "*"] };
const partDimensions = { sources: "source", tenants: "tenant", campaigns: "campaign" } as const;
type Part = keyof typeof partNames;
const parts = ["sources", "tenants", "campaigns"] as const;

const paths = [
  ...places,
  ...parts.flatMap((part) =>
    partNames[part].flatMap((name) => [
      [part, name],
      ...places.map((place) => [part, name, ...place]),
    ]),
  ),
];

const values = {
  connections: fc.option(fc.constantFrom(1, 2, 3, "none" as const), { nil: undefined }),
  messages: fc.option(fc.constantFrom("1/s", "2/s", "3/min", "none"), { nil: undefined }),
  replace: fc.option(fc.constant(true), { nil: undefined, freq: 8 }),
};

const entry: fc.Arbitrary<Written> = fc
  .record({
    ...values,
    path: fc.constantFrom(...paths),
    per: fc.option(fc.subarray<Dimension>(["source", "tenant", "campaign"]), { nil: undefined }),
  })
  .map(({ per, path, ...rest }) => {
    const own = parts.flatMap((part) => (path[0] === part ? [partDimensions[part]] : []));
    const others = per?.filter((dimension) => !own.some((of) => of === dimension));
    return { path, ...given({ ...rest, per: others }) };
  });

const ownLimit: fc.Arbitrary<Written> = fc
  .record({
    name: fc.constantFrom("x", "y"),
    connections: fc.constantFrom(1, 2, 3, "none" as const),
    scope: fc.subarray<Dimension>(["destination", "provider", "source", "tenant", "campaign"], {
      minLength: 1,
    }),
    only: fc.record(
      {
        destination: fc.subarray(domains, { minLength: 1 }),
        provider: fc.subarray(providers, { minLength: 1 }),
        source: fc.constant(["s"]),
        tenant: fc.subarray(["t", "v"], { minLength: 1 }),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ name, ...rest }) => ({ ...rest, path: ["limits", name] }));

/** Of a file no two entries are at the same place. */
const file = fc.uniqueArray(
  fc.oneof({ weight: 6, arbitrary: entry }, { weight: 1, arbitrary: ownLimit }),
  {
    maxLength: 25,
    size: "max",
    selector: ({ path }) => path.join(" "),
  },
);

const subject: fc.Arbitrary<Subject> = fc.record(
  {
    destination: fc.constantFrom("a.example", "b.a.example", "c.a.example", "d.example", "e.test"),
    provider: fc.constantFrom("p", "q", "q:mx1.test", "mx:mx.test", "e.test"),
    source: fc.constantFrom("s", "s2"),
    tenant: fc.constantFrom("t", "u", "v", "w"),
    campaign: fc.constantFrom("c", "d"),
  },
  { requiredKeys: ["destination"] },
);

describe("the provider of a set of hosts", () => {
  const shaping = shapedBy(`
providers:
  p: { match: { mx: [.p.test, one.test] } }
  q: { match: { mx: [.q.p.test] } }
  r: { match: { mx: [.r.test], each: true } }
`);
  const label = fc.constantFrom("a", "b", "q", "p", "one", "r");
  const host = fc
    .array(label, { minLength: 1, maxLength: 3 })
    .map((labels) => `${labels.join(".")}.test`);
  const suffixes = { p: [".p.test"], q: [".q.p.test"], r: [".r.test"] } as const;

  test("is the same in whatever order and spelling, and a named one only if it has them all", () => {
    fc.assert(
      fc.property(fc.array(host, { minLength: 1, maxLength: 5 }), fc.nat(), (hosts, turn) => {
        const provider = shaping.providerOf("d.test", hosts);
        const turned = [
          ...hosts.slice(turn % hosts.length),
          ...hosts.slice(0, turn % hosts.length),
        ];
        const spelt = turned.map((name) => `${name.toUpperCase()}.`);
        expect(shaping.providerOf("e.test", [...spelt, ...hosts])).toBe(provider);
        const owners = new Set(hosts.map(ownerOf));
        const [owner] = owners;
        const set = [...new Set(hosts)].sort().join(",");
        const known = owner === "r" ? `r:${set}` : owner;
        expect(provider).toBe(owners.size === 1 && known !== undefined ? known : `mx:${set}`);
      }),
      fuzzing(1_000),
    );
  });

  function ownerOf(name: string): string | undefined {
    if (name === "one.test") return "p";
    const owners = Object.entries(suffixes).filter(([, [suffix]]) => name.endsWith(suffix));
    return owners.sort(([, [a]], [, [b]]) => b.length - a.length)[0]?.[0];
  }
});

describe("what applies to a subject", () => {
  test("is what a slow search by the rules finds", () => {
    fc.assert(
      fc.property(
        fc.array(file, { minLength: 1, maxLength: 3 }),
        fc.array(subject, { minLength: 1, maxLength: 20, size: "max" }),
        (files, subjects) => {
          const loaded = loadShapingAlone([
            {
              name: "base",
              text: yamlOf(providers.map((name) => ({ path: ["providers", name] }))),
            },
            ...files.map((written, n) => ({ name: `${n}.yaml`, text: yamlOf(written) })),
          ]);
          if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
          for (const to of subjects) {
            const { limits } = loaded.shaping.pathFor(to);
            const found = limits.map((limit) => {
              const value = "max" in limit ? limit.max : printRate(limit.rate);
              return `${limit.kind} ${value} ${[...limit.scope].sort().join("+")} ${limit.name}`;
            });
            expect(found.sort()).toEqual(searched(merged(files), to).sort());
            expect(loaded.shaping.pathFor(to)).toBe(loaded.shaping.pathFor({ ...to }));
          }
        },
      ),
      fuzzing(),
    );
  });
});

function yamlOf(file: readonly Written[]): string {
  const tree: Record<string, unknown> = {};
  for (const { path, ...keys } of file) {
    let group = tree;
    for (const step of path) {
      const within: Record<string, unknown> = { ...Object(group[step]) };
      group[step] = within;
      group = within;
    }
    const match = path[0] === "providers" ? { match: { domains: [`${path[1]}.test`] } } : {};
    Object.assign(group, keys, match);
  }
  return JSON.stringify(tree, undefined, 1);
}

/** One entry for each place, by the last word on each key. */
function merged(files: readonly (readonly Written[])[]): readonly Written[] {
  let entries: readonly Written[] = [];
  for (const written of files) {
    for (const { path, replace } of written) {
      if (replace !== true) continue;
      entries = entries.filter((entry) => !path.every((step, i) => entry.path[i] === step));
    }
    for (const over of written) {
      const same = entries.find((entry) => entry.path.join(" ") === over.path.join(" "));
      const only = { ...same?.only, ...over.only };
      entries = [...entries.filter((entry) => entry !== same), { ...same, ...over, only }];
    }
  }
  return entries;
}

interface Said {
  readonly name: string;
  readonly value: number | string;
  readonly scope: readonly Dimension[];
  /** Of who sends: 0 all, then source, tenant, campaign. */
  readonly root: number;
  /** For those of the rest: the larger is nearer. */
  readonly nearness: number;
  readonly slot: "own" | "default" | "provider" | "destination" | "limits";
}

function searched(entries: readonly Written[], to: Subject): string[] {
  return kinds.flatMap((kind) => {
    const said = entries.flatMap((written) => saidTo(written, to, kind));
    const nearest = said.filter((one) => {
      const rivals = said.filter(({ root, slot }) => root === one.root && slot === one.slot);
      return one.slot === "limits" || rivals.every(({ nearness }) => nearness <= one.nearness);
    });
    const withoutRest = nearest.filter((one) => {
      const isSaid = nearest.some(
        ({ root, slot }) => root === one.root && (slot === "provider" || slot === "destination"),
      );
      return one.slot !== "default" || !isSaid;
    });
    const last = withoutRest.filter((one) => {
      const same = withoutRest.filter(
        ({ scope, slot }) => slot !== "limits" && scope.join() === one.scope.join(),
      );
      return one.slot === "limits" || same.every(({ root }) => root <= one.root);
    });
    return last
      .filter(({ value, scope }) => value !== "none" && scope.length > 0)
      .map(({ value, scope, name }) => `${kind} ${value} ${scope.join("+")} ${name}`);
  });
}

/** What an entry says to a subject, if it is meant at all. */
function saidTo(written: Written, to: Subject, kind: Kind): readonly Said[] {
  const value = written[kind];
  if (value === undefined) return [];
  const name = written.path.join(".");
  if (written.path[0] === "limits") return ownSaidTo(written, to, { name, value });
  const part: Part | undefined = parts.find((each) => each === written.path[0]);
  const root = part === undefined ? 0 : parts.indexOf(part) + 1;
  const [, who = ""] = written.path;
  const of = part === undefined ? undefined : partDimensions[part];
  if (of !== undefined && (to[of] === undefined || (who !== "*" && who !== to[of]))) return [];
  const place = of === undefined ? written.path : written.path.slice(2);
  const found = placed(place, to);
  if (found === undefined) return [];
  const per = (written.per ?? []).filter((dimension) => to[dimension] !== undefined);
  const scope = [...(of === undefined ? [] : [of]), ...found.scope, ...per].sort();
  // One's own entry goes before that of all, however near that is.
  const nearness = found.nearness + (who === "*" ? 0 : 1_000);
  return [{ name, value, scope, root, slot: found.slot, nearness }];
}

function placed(
  [section, name = ""]: readonly string[],
  { destination = "", provider }: Subject,
): Pick<Said, "scope" | "slot" | "nearness"> | undefined {
  if (section === undefined) return { scope: [], slot: "own", nearness: 0 };
  if (section === "domains") {
    const length = name.startsWith("*") ? name.length : 500;
    if (!isWithin(destination, name)) return undefined;
    return { scope: ["destination"], slot: "destination", nearness: length };
  }
  if (provider === undefined) return undefined;
  if (section === "default") return { scope: ["provider"], slot: "default", nearness: 0 };
  if (provider.split(":")[0] !== name) return undefined;
  return { scope: ["provider"], slot: "provider", nearness: 0 };
}

function ownSaidTo(
  { scope = [], only = {} }: Written,
  to: Subject,
  { name, value }: Pick<Said, "name" | "value">,
): readonly Said[] {
  const counted = scope.filter((dimension) => dimension !== "source" || to.source !== undefined);
  if (counted.some((dimension) => to[dimension] === undefined)) return [];
  const { destination, ...others } = only;
  if (destination?.some((pattern) => isWithin(to.destination ?? "", pattern)) === false) return [];
  const isStranger = Object.entries(others).some(([dimension, names]) => {
    const own = dimension === "provider" ? to.provider?.split(":")[0] : Object(to)[dimension];
    return !names?.includes(own);
  });
  if (isStranger) return [];
  return [{ name, value, scope: [...counted].sort(), root: 0, nearness: 0, slot: "limits" }];
}

function isWithin(domain: string, pattern: string): boolean {
  return pattern.startsWith("*.") ? domain.endsWith(pattern.slice(1)) : domain === pattern;
}
