import { describe, expect, test } from "bun:test";
import { patternTextMax } from "#lib/pattern/pattern";
import { reply } from "#lib/smtp/reply";
import { replyOf, rulesFrom } from "../../../test/support/automation/rules.ts";
import { RuleBook, repliedText } from "./rule-book.ts";

const hold = "do: { action: hold, for: 1m }";

function matched(rules: string, reply: string, subject = {}): readonly string[] {
  const heard = {
    subject: { destination: "a.example", provider: "google", ...subject },
    reply: replyOf(reply),
  };
  return new RuleBook(rulesFrom(rules)).matching(heard).map(({ name }) => name);
}

describe("a rule matches", () => {
  test.each([
    ["reply: 'slow down'", "421 4.7.0 Slow down", true],
    ["reply: 'slow down'", "421 4.7.0 hurry up", false],
    ["reply: ['hurry', 'slow down']", "421 4.7.0 Slow down", true],
    ["reply: '^421 4\\.7\\.0 slow'", "421 4.7.0 slow", true],
    ["reply: '^421 slow'", "421 slow", true],
    ["reply: 'one two'", "421-one\r\n421 two", true],
    ["code: 421", "421 no", true],
    ["code: 421", "450 no", false],
    ["code: [450, 421]", "421 no", true],
    ["code: 4xx", "452 no", true],
    ["code: 45x", "421 no", false],
    ["status: 4.7.28", "421 4.7.28 no", true],
    ["status: 4.7.2", "421 4.7.28 no", false],
    ["status: 4.7.*", "421 4.7.28 no", true],
    ["status: 4.*", "421 4.7.28 no", true],
    ["status: 4.7.*", "421 no", false],
    ["{ provider: google, code: 4xx", "421 no", true],
    ["{ provider: [yahoo, google], code: 4xx", "421 no", true],
    ["{ provider: yahoo, code: 4xx", "421 no", false],
    ["{ destination: a.example, code: 4xx", "421 no", true],
    ["{ destination: b.example, code: 4xx", "421 no", false],
    ['{ destination: "*.example", code: 4xx', "421 no", true],
    ['{ destination: "*.a.example", code: 4xx', "421 no", false],
    ["{ code: 421, reply: yes", "421 no", false],
  ])("%s: %s", (when, reply, isMatched) => {
    const fields = when.startsWith("{") ? `${when}, name: r` : `{ name: r, ${when}`;
    expect(matched(`- ${fields}, ${hold} }`, reply)).toEqual(isMatched ? ["r"] : []);
  });

  test("that is off: never", () => {
    expect(matched(`- { name: r, code: 4xx, off: true, ${hold} }`, "421 no")).toEqual([]);
  });

  test("of an unknown provider only when it names none", () => {
    const rules = `
      - { name: any, reply: no, ${hold} }
      - { name: google, provider: google, reply: no, ${hold} }`;
    expect(matched(rules, "421 no", { provider: undefined })).toEqual(["any"]);
    expect(matched(rules, "421 no", { provider: "other" })).toEqual(["any"]);
    expect(matched(rules, "421 no")).toEqual(["any", "google"]);
  });

  test("all of them that do", () => {
    const rules = ["slow", "down", "hurry"].map((r) => `- { name: ${r}, reply: ${r}, ${hold} }`);
    expect(matched(rules.join("\n"), "421 slow down")).toEqual(["slow", "down"]);
  });

  test("among more patterns than one program takes", () => {
    const rules = Array.from(
      { length: 200 },
      (_, n) => `- { name: r${n}, reply: 'reason [a-z]+ ${n}\\b', ${hold} }`,
    );
    expect(matched(rules.join("\n"), "421 for reason abc 173")).toEqual(["r173"]);
  });
});

describe("a long reply", () => {
  const lines = Array.from({ length: 100 }, () => "x".repeat(100_000));
  const reply = { class: 4, code: 421, lines } as const;

  test("is cut before it is looked at", () => {
    expect(repliedText(reply)).toHaveLength(patternTextMax);
    expect(repliedText({ ...reply, status: "4.7.0", lines: ["no"] })).toBe("421 4.7.0 no");
  });

  test("of ten megabytes costs no more than a short one: the pattern sees its beginning only", () => {
    const rules = rulesFrom(`- { name: r, reply: '(x+)+y|needle', ${hold} }`);
    const book = new RuleBook(rules);
    const heard = { subject: {}, reply: { ...reply, lines: [...lines, "needle"] } };
    expect(book.matching(heard)).toEqual([]);
  });
});

/** On a backtracking engine each of these takes longer than there is: that it ends is the test. */
describe("a rule whose pattern others' engines explode on", () => {
  test.each(["(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*a){12}$", "([a-z]+)*[0-9]$"])(
    "%s is asked about a hundred hostile replies, and ends",
    (pattern) => {
      const book = new RuleBook(rulesFrom(`- { name: r, reply: '${pattern}', ${hold} }`));
      const hostile = reply(550, "5.7.1", ["a".repeat(1_000), "!".repeat(200_000)]);
      const heard = { subject: { destination: "a.example" }, reply: hostile };
      for (let n = 0; n < 100; n++) expect(book.matching(heard)).toEqual([]);
    },
    10_000,
  );
});
