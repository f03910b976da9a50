import { describe, expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { seededRandom } from "#lib/random";
import { bounceClasses } from "./bounce-class.ts";
import { classifier } from "./classifier.ts";
import { type BounceRules, readRules } from "./rules.ts";
import { shippedRules } from "./shipped-rules.ts";

const shipped = shippedRules();

/** `550 5.1.1 text`, as hosts send it; without a status as an attempt tells it. */
function refusalOf(reply: string) {
  const [, code, status, text = ""] = /^(\d{3}) (?:(5\.\d+\.\d+) )?(.*)$/.exec(reply) ?? [];
  return { code: Number(code), status: status ?? "5.0.0", text };
}

describe("the shipped rules", () => {
  const classify = classifier(shipped);
  const fixtures = shipped.rules.flatMap(({ name, provider, replies, ...rule }) =>
    replies.map((reply) => [name, reply, rule.class, provider] as const),
  );

  test.each(fixtures)("%s knows %s", (name, reply, expected, provider) => {
    const told = classify({ ...refusalOf(reply), ...(provider === undefined ? {} : { provider }) });
    expect(told).toEqual({ class: expected, rule: name });
  });

  test("know every class of refusals", () => {
    const known = new Set(shipped.rules.map((rule) => rule.class));
    const others = bounceClasses.filter((it) => !known.has(it));
    expect(others).toEqual(["suppressed", "unknown"]);
  });

  test("know the largest providers by their hosts", () => {
    const told = (remote: string) =>
      classify({ code: 550, status: "5.4.1", text: "Recipient address rejected: no", remote });
    expect(told("example-com.mail.protection.outlook.com").rule).toBe("microsoft-no-recipient");
    expect(told("outlook.com.example").rule).not.toBe("microsoft-no-recipient");
  });
});

function faultsOf(text: string): readonly string[] {
  const read = readRules(text);
  return "faults" in read ? read.faults : [];
}

const sound = { name: "a", pattern: "x", class: "quota", replies: ["550 x"] };
const withRules = (...rules: object[]) => JSON.stringify({ rules });

describe("rules are refused", () => {
  test.each([
    ["a backtracker's delight", { ...sound, pattern: "(a)\\1" }, "rules[0].pattern: is no regular"],
    ["no class", { ...sound, class: "bad-luck" }, "rules[0].class"],
    ["no reply", { ...sound, replies: [] }, "rules[0].replies: needs a reply"],
    ["an unknown key", { ...sound, patern: "x" }, "patern"],
    ["an unknown provider", { ...sound, provider: "nobody" }, 'there is no provider "nobody"'],
    ["an empty pattern", { ...sound, pattern: "" }, "rules[0].pattern: is empty"],
  ])("with %s", (_, rule, part) => {
    const faults = faultsOf(withRules(rule));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(part);
  });

  test("with the same name twice", () => {
    expect(faultsOf(withRules(sound, sound))).toEqual(['rules[1].name: there are two rules "a"']);
  });

  test("that are no YAML, or no rules", () => {
    expect(faultsOf("rules: [")).toHaveLength(1);
    expect(faultsOf("- a")).toHaveLength(1);
    expect(faultsOf("a: &a [x]\nb: [*a, *a]")).not.toEqual([]);
    expect(
      faultsOf(withRules(...Array.from({ length: 501 }, (_, n) => ({ ...sound, name: `r${n}` })))),
    ).toHaveLength(1);
  });

  test("all faults at once", () => {
    expect(faultsOf(withRules({ ...sound, pattern: "(" }, { ...sound, class: "?" }))).toHaveLength(
      2,
    );
  });
});

test("sound rules are read in order", () => {
  const read = readRules(withRules(sound, { ...sound, name: "b", overrules: true }));
  const rules: BounceRules = "rules" in read ? read.rules : { providers: [], rules: [] };
  expect(rules.rules.map(({ name, overrules }) => [name, overrules])).toEqual([
    ["a", false],
    ["b", true],
  ]);
});

/**
 * A text that keeps every gap of every rule open. With counted gaps each took 90 ms and the states of
 * a thousand of them 300 MB; time is a rough measure, and ten times what it takes a generous one.
 */
test("a text made of the rules' own words costs little", () => {
  const classify = classifier(shipped);
  const words = "user account mailbox domain message content sender size recipient address".split(
    " ",
  );
  const random = seededRandom(1);
  const text = () => Array.from({ length: 180 }, () => words[random.below(words.length)]).join(" ");
  const begunAt = systemClock.monotonic();
  for (let n = 0; n < 300; n++) classify({ code: 554, status: "5.0.0", text: text() });
  expect(systemClock.monotonic() - begunAt).toBeLessThan(6_000);
});
