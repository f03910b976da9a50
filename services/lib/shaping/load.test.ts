import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { faultLine } from "#lib/config/fault";
import { defaultShaping, loadShaping, loadShapingAlone, shippedFile } from "./load.ts";

/** Files `a.yaml`, `b.yaml`, … over the shipped one. */
function faultsOf(...texts: readonly string[]): readonly string[] {
  const files = texts.map((text, i) => ({ name: `${"abc"[i]}.yaml`, text }));
  const loaded = loadShaping(files);
  return "faults" in loaded ? loaded.faults.map((fault) => faultLine("", fault)) : [];
}

describe("the shipped file", () => {
  test("has no faults, by itself either", () => {
    expect(loadShapingAlone([shippedFile])).toHaveProperty("shaping");
  });

  test("names more than twenty providers, and each has a limit of its own", () => {
    const providers = defaultShaping().rules.section("providers");
    expect(providers.length).toBeGreaterThan(20);
    for (const { entry } of providers) expect(entry.connections?.value).toBeNumber();
  });

  test("gives the reason of each value beside it", () => {
    const values = shippedFile.text
      .split("\n")
      .filter((line) => /^ +(conn|newConn|messages|recip|bytes|idle|concurr)/.test(line));
    expect(values.length).toBeGreaterThan(60);
    expect(values.filter((line) => !line.includes("#"))).toEqual([]);
  });

  test.each([
    ["gmail.com", ["gmail-smtp-in.l.google.com", "alt1.gmail-smtp-in.l.google.com"], "google"],
    ["workspace.example", ["aspmx.l.google.com", "aspmx2.googlemail.com"], "google"],
    ["hotmail.com", ["hotmail-com.olc.protection.outlook.com"], "microsoft"],
    ["company.example", ["company-example.mail.protection.outlook.com"], "microsoft365"],
    ["dane.example", ["dane-example.o-v1.mx.microsoft"], "microsoft365"],
    ["aol.com", ["mx-aol.mail.gm0.yahoodns.net"], "yahoo"],
    ["me.com", ["mx01.mail.icloud.com", "mx02.mail.icloud.com"], "apple"],
    ["web.de", ["mx-ha02.web.de", "mx-ha03.web.de"], "gmx"],
    ["shop.example", ["mx00.ionos.de", "mx01.ionos.de"], "gmx"],
    ["t-online.de", ["mx00.t-online.de"], "t-online"],
    ["wanadoo.fr", ["smtp-in.orange.fr"], "orange"],
    ["163.com", ["163mx01.mxmail.netease.com"], "netease"],
    ["bank.example", ["mxa-1.gslb.pphosted.com"], "proofpoint:mxa-1.gslb.pphosted.com"],
  ])("knows %s", (domain, hosts, provider) => {
    expect(defaultShaping().providerOf(domain, hosts)).toBe(provider);
  });
});

describe("a file with", () => {
  test.each([
    [
      "an unknown section",
      "provider: {}",
      "a.yaml:1:1: provider: is not a known key (did you mean providers?)",
    ],
    [
      "an unknown key",
      "providers:\n  google:\n    conections: 3",
      "a.yaml:3:5: providers.google.conections: is not a known key (did you mean connections?)",
    ],
    [
      "a key of another section",
      "tenants: { acme: { idle: 5s } }",
      "a.yaml:1:20: tenants.acme.idle: is not a known key (known here: connections, newConnections,",
    ],
    [
      "no rate",
      "default: { messages: 100 }",
      "a.yaml:1:22: default.messages: 100 is no rate (a number per s, min, h or d, such as 100/min; or none)",
    ],
    [
      "a negative rate",
      "default: { messages: -1/s }",
      'a.yaml:1:22: default.messages: "-1" is not a number (such as 100/min; or none)',
    ],
    [
      "a negative number",
      "default: { connections: -1 }",
      "a.yaml:1:25: default.connections: -1 is no limit (a whole number, 1 to 1000000; or none)",
    ],
    [
      "nought",
      "domains: { a.example: { connections: 0 } }",
      "a.yaml:1:38: domains.a.example.connections: 0 lets nothing through (hold the destination instead; or none)",
    ],
    [
      "no size",
      "default: { bytes: 100/s }",
      'a.yaml:1:19: default.bytes: "100" is not a size in B, KiB, MiB or GiB (such as 50MiB/min; or none)',
    ],
    [
      "a weight of nothing",
      "tenants: { acme: { weight: 0 } }",
      "a.yaml:1:28: tenants.acme.weight: 0 is out of range (a whole number, 1 to 100)",
    ],
    [
      "a negative weight",
      "tenants:\n  acme:\n    weight: -2",
      "a.yaml:3:13: tenants.acme.weight: -2 is out of range (a whole number, 1 to 100)",
    ],
    [
      "an absurd weight",
      "tenants: { acme: { weight: 1000000 } }",
      "a.yaml:1:28: tenants.acme.weight: 1000000 is out of range (a whole number, 1 to 100)",
    ],
    [
      "a weight of who is no tenant",
      "campaigns: { spring: { weight: 2 } }",
      "a.yaml:1:24: campaigns.spring.weight: is not a known key",
    ],
    [
      "a scope said twice",
      "limits: { x: { scope: [tenant, tenant], messages: 1/s } }",
      'a.yaml:1:32: limits.x.scope[1]: "tenant" is there already (each may stand here once)',
    ],
    [
      "a scope of nothing",
      "limits: { x: { scope: [], messages: 1/s } }",
      "a.yaml:1:23: limits.x.scope: is empty (what each has a count of its own, such as [tenant])",
    ],
    [
      "an unknown dimension",
      "limits: { x: { scope: [tenent], messages: 1/s } }",
      'a.yaml:1:24: limits.x.scope[0]: "tenent" is not known (did you mean tenant?)',
    ],
    [
      "a limit without scope",
      "limits: { x: { messages: 1/s } }",
      "a.yaml:1:11: limits.x.scope: is missing (what each has a count of its own, such as [tenant])",
    ],
    [
      "a limit of nothing",
      "limits: { x: { scope: [tenant] } }",
      "a.yaml:1:11: limits.x: limits nothing (such as messages: 100/min)",
    ],
    [
      "a dimension that its section has",
      "tenants: { acme: { per: [tenant], connections: 1 } }",
      'a.yaml:1:26: tenants.acme.per[0]: "tenant" is counted by itself already (leave it out)',
    ],
    [
      "a provider that is a domain",
      "providers: { a.example: { match: { domains: [a.example] } } }",
      "a.yaml:1:14: providers.a.example: is no name of a provider (letters, digits, - and _, and not mx)",
    ],
    [
      "a mistyped provider",
      "providers: { gogle: { connections: 3 } }",
      "a.yaml:1:14: providers.gogle: is a provider without match (did you mean google?)",
    ],
    [
      "a provider without match",
      "providers: { corner-shop: { connections: 3 } }",
      "a.yaml:1:14: providers.corner-shop: is a provider without match (which those are: match:",
    ],
    [
      "an unknown provider in a tenant",
      "tenants: { acme: { providers: { gogle: { connections: 3 } } } }",
      "a.yaml:1:33: tenants.acme.providers.gogle: is no provider that is known (did you mean google?)",
    ],
    [
      "an unknown provider in a limit",
      "limits: { x: { scope: [source], only: { provider: [gogle] }, connections: 3 } }",
      "a.yaml:1:52: limits.x.only.provider[0]: is no provider that is known (did you mean google?)",
    ],
    [
      "an unknown provider in a rule on replies",
      "automation: [{ name: r, provider: gogle, code: 421, do: { action: hold, for: 5m } }]",
      "a.yaml:1:35: automation[0].provider: is no provider that is known (did you mean google?)",
    ],
    [
      "one dimension that is none",
      "default: { per: sorce }",
      'a.yaml:1:17: default.per: "sorce" is not known (did you mean source?)',
    ],
    [
      "a limit for nobody",
      "limits: { x: { scope: [tenant], only: { tenant: [] }, messages: 1/s } }",
      "a.yaml:1:49: limits.x.only.tenant: [] names none (leave the key out for all)",
    ],
    [
      "a domain that is of two, with one alone",
      "providers:\n  p: { match: { domains: a.example } }\n  q: { match: { domains: a.example } }",
      'a.yaml:3:26: providers.q.match.domains: "a.example" belongs to p already (at a.yaml:2)',
    ],
    [
      "no host",
      "providers: { p: { match: { mx: ['*.'] } } }",
      'a.yaml:1:33: providers.p.match.mx[0]: "*." is no MX host (.google.com for those below it, or',
    ],
    [
      "no domain",
      "domains: { '@a.example': { connections: 1 } }",
      'a.yaml:1:12: domains.@a.example: "@a.example" is no domain (a.example)',
    ],
    [
      "every domain",
      "domains: { '*': { connections: 1 } }",
      "a.yaml:1:12: domains.*: stands for no domain (default, or one of limits with scope: [destination])",
    ],
    [
      "a domain in two spellings",
      "domains:\n  a.example: { connections: 1 }\n  A.Example: { connections: 2 }",
      'a.yaml:3:3: domains.A.Example: "a.example" is there already (each may stand here once)',
    ],
    [
      "a domain of two providers",
      "providers:\n  p: { match: { domains: [a.example] } }\n  q: { match: { domains: [A.example] } }",
      'a.yaml:3:27: providers.q.match.domains[0]: "a.example" belongs to p already (at a.yaml:2)',
    ],
    [
      "a suffix of two providers",
      "providers:\n  p: { match: { mx: [.a.example] } }\n  q: { match: { mx: ['*.a.example'] } }",
      'a.yaml:3:22: providers.q.match.mx[0]: ".a.example" belongs to p already (at a.yaml:2)',
    ],
    [
      "more sessions at first than at last",
      "default: { concurrency: { first: 3, max: 2 } }",
      "a.yaml:1:34: default.concurrency.first: is more than max (sessions to begin with, and",
    ],
    [
      "no time",
      "default: { idle: 5 }",
      "a.yaml:1:18: default.idle: 5 is no span of time (with a unit, such as 5s)",
    ],
    [
      "an entry that refers to itself",
      "default: &d\n  connections: 3\n  concurrency: *d",
      "a.yaml:3:16: *d refers to itself (write out what is meant: it stands within &d)",
    ],
    [
      "a limit that is for itself",
      "limits: { x: { scope: [tenant], messages: 1/s, only: &o { tenant: *o } } }",
      "a.yaml:1:67: *o refers to itself",
    ],
    [
      "an anchor of another file",
      "default: *common",
      "a.yaml:1:10: *common refers to nothing (&common must stand before it)",
    ],
    [
      "a pattern that repeats too much",
      "automation:\n- { name: r, reply: '((a{1,99}){1,99}){1,99}', do: { action: hold, for: 5m } }",
      "a.yaml:2:21: automation[0].reply:",
    ],
    [
      "a pattern that only a backtracking engine has",
      "automation: [{ name: r, reply: '(a+)\\1$', do: { action: hold, for: 5m } }]",
      'a.yaml:1:32: automation[0].reply: "(a+)\\1$" is no regular expression',
    ],
    ["a key said twice", "default: {}\ndefault: {}", "a.yaml:2:1: Map keys must be unique"],
    ["no YAML", "default: {", "a.yaml:1:11: "],
    [
      "a rule on replies that does nothing",
      "automation:\n- { name: mine, code: 421, do: [] }",
      "a.yaml:2:32: automation[0].do: does nothing",
    ],
    ["a list", "- default", 'a.yaml:1:1: ["default"] is no group of keys'],
    [
      "a campaign that breaks a line",
      'campaigns: { "a\\nb": { messages: 1/s } }',
      "a.yaml:1:14: campaigns.a\nb: is no name of a campaign (letters, digits and any of _ . @ -; or *)",
    ],
    [
      "everybody in a list of some",
      "limits: { x: { scope: [provider], only: { tenant: ['*'] }, messages: 1/s } }",
      'a.yaml:1:52: limits.x.only.tenant[0]: "*" is no name of a tenant (those it is for, by name)',
    ],
  ])("%s is told where and how", (_, text, expected) => {
    const [first = "", ...more] = faultsOf(text);
    expect(first).toStartWith(expected);
    expect(more).toEqual([]);
  });

  test("a domain that its provider names twice has no fault", () => {
    expect(faultsOf("providers: { p: { match: { domains: [a.example, A.example] } } }")).toEqual(
      [],
    );
  });

  test("as many sessions at first as at last has no fault", () => {
    expect(faultsOf("default: { concurrency: { first: 2, max: 2 } }")).toEqual([]);
  });

  test("many faults is told all of them, in their order", () => {
    const text = "default: { messages: 1, idle: x }\nproviders: { p: { conections: 1 } }\n";
    expect(faultsOf(text).map((line) => line.split(" (")[0])).toEqual([
      "a.yaml:1:22: default.messages: 1 is no rate",
      'a.yaml:1:31: default.idle: "x" is no span of time',
      "a.yaml:2:14: providers.p: is a provider without match",
      "a.yaml:2:19: providers.p.conections: is not a known key",
    ]);
  });
});

describe("several files", () => {
  test("are told of one after the other", () => {
    expect(faultsOf("default: { idle: x }", "default: {", "defalt: {}")).toEqual([
      expect.stringMatching(/^a\.yaml:1:18: default\.idle/),
      expect.stringMatching(/^b\.yaml:1:11: /),
      expect.stringMatching(/^c\.yaml:1:1: defalt/),
    ]);
  });

  test("contradict one another, but may change whose a domain is by the same key", () => {
    const p = "providers: { p: { match: { domains: [a.example] } } }";
    const q = "providers: { q: { match: { domains: [a.example] } } }";
    expect(faultsOf(p, q)).toEqual([
      'b.yaml:1:38: providers.q.match.domains[0]: "a.example" belongs to p already (at a.yaml:1)',
    ]);
    const elsewhere = "providers: { p: { match: { domains: [b.example] } } }";
    expect(faultsOf(p, elsewhere, q)).toEqual([]);
    const forgotten = "providers: { p: { replace: true, match: { mx: [.b.example] } } }";
    expect(faultsOf(p, forgotten, q)).toEqual([]);
  });

  test("say anew whose a domain is, by the whole list", () => {
    const a = "providers: { p: { match: { domains: [a.example, A.example], mx: [.a.example] } } }";
    const b = "providers: { p: { match: { domains: [b.example] } } }";
    const loaded = loadShaping([
      { name: "a.yaml", text: a },
      { name: "b.yaml", text: b },
    ]);
    if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
    const { shaping } = loaded;
    expect(shaping.providerOf("b.example", [])).toBe("p");
    expect(shaping.providerOf("a.example", [])).toBe("a.example");
    expect(shaping.providerOf("c.example", ["mx.a.example"])).toBe("p");
  });

  test("may take from the shipped one what they like", () => {
    const loaded = loadShaping([
      { name: "a.yaml", text: "providers: { mine: { match: { domains: [gmail.com] } } }" },
      { name: "b.yaml", text: "providers: { google: { connections: 50 } }" },
    ]);
    if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
    expect(loaded.shaping.providerOf("gmail.com", [])).toBe("mine");
    expect(loaded.shaping.providerOf("googlemail.com", [])).toBe("google");
  });

  test("have rules on replies, over the shipped ones and one over the other", () => {
    const loaded = loadShaping([
      {
        name: "a.yaml",
        text: "automation:\n- { name: mine, code: 421, do: { action: hold, for: 5m } }",
      },
      { name: "b.yaml", text: "automation: [{ name: mine, off: true }]" },
    ]);
    if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
    const { automation } = loaded.shaping;
    expect(automation[0]).toMatchObject({
      name: "mine",
      isOff: true,
      provenance: "a.yaml:2, b.yaml:1",
    });
    expect(automation.slice(1)).toEqual([...defaultShaping().automation]);
    expect(faultsOf("automation: [{ name: mine, off: true }]")).toEqual([
      expect.stringMatching(
        /^a\.yaml:1:22: automation\[0\]\.name: is not the name of a shipped rule/,
      ),
    ]);
  });

  test("give what a named limit lacks", () => {
    const scope = "limits: { x: { scope: [tenant] } }";
    const value = "limits: { x: { messages: 1/s } }";
    expect(faultsOf(scope, value)).toEqual([]);
    const instead = "limits: { x: { messages: 1/s, replace: true } }";
    expect(faultsOf(scope, instead)).toEqual([
      expect.stringMatching(/^b\.yaml:1:11: limits\.x\.scope/),
    ]);
  });
});

test("the example of the README has no faults", () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  const [, text = ""] = /## Shaping\n.*?```yaml\n(.*?)```/s.exec(readme) ?? [];
  expect(text).toContain("providers:");
  expect(faultsOf(text)).toEqual([]);
});

test("a file of twenty thousand domains is read in no time to speak of", () => {
  const entries = Array.from({ length: 20_000 }, (_, n) => `  d${n}.example: { messages: 1/s }\n`);
  const loaded = loadShaping([{ name: "a.yaml", text: `domains:\n${entries.join("")}` }]);
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  const { limits } = loaded.shaping.pathFor({ destination: "d19999.example", provider: "mx:a" });
  expect(limits.find(({ kind }) => kind === "messages")?.provenance).toBe("a.yaml:20001");
});
