import { describe, expect, test } from "bun:test";
import { faultsFrom, rulesFrom } from "../../../test/support/automation/rules.ts";

const hold = "do: { action: hold, for: 1m }";

/** Of a rule that begins in line 2, column 3. */
const faultOf = (fields: string) => faultsFrom(`- { name: r, ${fields} }`).join("\n");

describe("what is refused, with its place and a hint", () => {
  test.each([
    [
      "do: { action: explode, for: 1m }, code: 4xx",
      'shaping.yaml:2:28: automation[0].do[0].action: "explode" is not known (one of hold, limit, skipHost, changeSource, fail)',
    ],
    [
      "do: { action: hould, for: 1m }, code: 4xx",
      'shaping.yaml:2:28: automation[0].do[0].action: "hould" is not known (did you mean hold?)',
    ],
    [
      `reply: 'a**', ${hold}`,
      `shaping.yaml:2:21: automation[0].reply: "a**" is no regular expression: invalid nested repetition operator: \`**\` (RE2's syntax, which takes linear time)`,
    ],
    [
      `reply: [ok, '(a)\\1'], ${hold}`,
      'shaping.yaml:2:26: automation[0].reply[1]: "(a)\\1" is no regular expression: invalid escape sequence: `\\1` (RE2\'s syntax, which takes linear time)',
    ],
    [
      `replay: x, code: 4xx, ${hold}`,
      "shaping.yaml:2:14: automation[0].replay: is not a known key (did you mean reply?)",
    ],
    [
      "code: 4xx, do: { action: hold, for: 1m, scopes: x }",
      "shaping.yaml:2:54: automation[0].do[0].scopes: is not a known key (did you mean scope?)",
    ],
    [
      `code: 250, ${hold}`,
      "shaping.yaml:2:20: automation[0].code: 250 is no code of a refusal (such as 421, 42x or 4xx)",
    ],
    [
      `code: [421, 999], ${hold}`,
      "shaping.yaml:2:26: automation[0].code[1]: 999 is no code of a refusal (such as 421, 42x or 4xx)",
    ],
    [
      `status: 2.0.0, ${hold}`,
      'shaping.yaml:2:22: automation[0].status: "2.0.0" is no status of a refusal (such as "4.7.28" or "4.7.*")',
    ],
    [
      `code: 4xx, count: 3, ${hold}`,
      "shaping.yaml:2:32: automation[0].count: 3 is no count in a window (such as 3 in 10m)",
    ],
    [
      `code: 4xx, count: 5000 in 10m, ${hold}`,
      'shaping.yaml:2:32: automation[0].count: "5000 in 10m" is out of range (1 to 1000 replies)',
    ],
    [
      "code: 4xx",
      "shaping.yaml:2:3: automation[0]: has no do (what is to be done, such as action: hold)",
    ],
    [
      hold,
      "shaping.yaml:2:3: automation[0]: does not say about which replies it is (with reply, code or status: without any it is about every refusal)",
    ],
    [
      "code: 4xx, do: { action: hold }",
      "shaping.yaml:2:29: automation[0].do: hold does not say how long (for: 30m)",
    ],
    [
      "code: 4xx, do: { action: hold, for: 90d }",
      'shaping.yaml:2:50: automation[0].do[0].for: "90d" is too much (at most 30d)',
    ],
    [
      "code: 4xx, do: { action: limit, for: 1h }",
      "shaping.yaml:2:39: automation[0].do[0].action: sets no limit (one or more of connections, newConnections, messages, recipients, bytes, messagesPerConnection, recipientsPerTransaction)",
    ],
    [
      "code: 4xx, do: { action: limit, for: 1h, messages: 0/min }",
      "shaping.yaml:2:65: automation[0].do[0].messages: a rate of 0 lets nothing through (hold the destination instead)",
    ],
    [
      "code: 4xx, do: { action: hold, for: 1h, messages: 1/min }",
      "shaping.yaml:2:64: automation[0].do[0].messages: is not for hold (action: limit has it)",
    ],
    [
      "code: 4xx, do: { action: hold, scope: [planet], for: 1h }",
      'shaping.yaml:2:53: automation[0].do[0].scope[0]: "planet" is not known (any of destination, provider, source, tenant, campaign)',
    ],
    [
      "code: 4xx, do: { action: changeSource, scope: provider, for: 1h }",
      "shaping.yaml:2:60: automation[0].do[0].scope: names no source (with source: the one that is not to be used)",
    ],
    [
      "code: 4xx, do: { action: fail, for: 1h }",
      "shaping.yaml:2:29: automation[0].do: a fail without a count concerns what matched, and lasts no time (leave for out, or give a count)",
    ],
    ["code: 4xx, do: []", "shaping.yaml:2:29: automation[0].do: does nothing"],
    [
      `reply: slow, ${hold}, example: 421 hurry up`,
      "shaping.yaml:2:67: automation[0].example[0]: is not matched by its rule (mend the example, or the conditions)",
    ],
    [
      `reply: slow, ${hold}, example: 250 slow`,
      'shaping.yaml:2:67: automation[0].example: "250 slow" is no refusal (such as 421 4.7.0 Too many connections)',
    ],
  ])("%s", (fields, fault) => {
    expect(faultOf(fields)).toBe(fault);
  });

  test("a pattern that would take too many steps", () => {
    expect(faultOf(`reply: '(a{1,999}){1,999}', ${hold}`)).toStartWith(
      'shaping.yaml:2:21: automation[0].reply: "(a{1,999}){1,999}" ',
    );
  });

  test("two of one name", () => {
    const rule = `- { name: r, code: 4xx, ${hold} }`;
    expect(faultsFrom(`${rule}\n${rule}`)).toEqual([
      'shaping.yaml:3:11: automation[1].name: "r" is the name of an earlier rule (each has a name of its own)',
    ]);
  });

  test("what is no list, no mapping, no YAML", () => {
    expect(faultsFrom("  name: r")).toHaveLength(1);
    expect(faultsFrom("- r")).toHaveLength(1);
    expect(faultsFrom("- { name: [r")).not.toEqual([]);
  });

  test("all faults at once", () => {
    expect(
      faultsFrom("- { name: r, code: 1, count: 2, do: { action: hold, for: x } }"),
    ).toHaveLength(3);
  });
});

describe("over the shipped ones", () => {
  const shipped = rulesFrom(`
    - { name: a, code: 4xx, ${hold} }
    - { name: b, code: 4xx, off: true, ${hold} }`);
  const over = (items: string) => rulesFrom(items, shipped).map(({ name, isOff }) => [name, isOff]);

  test("a rule takes the place of the one of its name", () => {
    const rules = rulesFrom(`- { name: a, code: 5xx, ${hold} }`, shipped);
    expect(rules.map(({ name, when }) => [name, when.codes])).toEqual([
      ["a", [5]],
      ["b", [4]],
    ]);
  });

  test("a name alone turns one on, or off", () => {
    expect(over("- { name: a, off: true }\n- { name: b }")).toEqual([
      ["a", true],
      ["b", false],
    ]);
  });

  test("what is not there cannot be turned off", () => {
    expect(faultsFrom("- { name: c, off: true }", shipped)).toEqual([
      "shaping.yaml:2:11: automation[0].name: is not the name of a shipped rule (to write one of your own: say which replies, and do)",
    ]);
  });
});
