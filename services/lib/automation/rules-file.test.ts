import { describe, expect, test } from "bun:test";
import { parse } from "yaml";
import { replyOf } from "../../../test/support/automation/rules.ts";
import { RuleBook } from "./rule-book.ts";
import { readRules, shippedRules, shippedRulesText } from "./rules-file.ts";

interface Written {
  readonly name: string;
  readonly off?: boolean;
  readonly example?: string | readonly string[];
}

const written: readonly Written[] = parse(shippedRulesText()).automation;
const examples = written.flatMap(({ name, example = [] }) =>
  [example].flat().map((reply) => ({ name, reply })),
);
/** All of them on, so that none is left out. */
const book = new RuleBook(shippedRules().map((rule) => ({ ...rule, isOff: false })));

describe("the shipped rules", () => {
  test("have an example and a comment each", () => {
    expect(written.filter(({ example }) => example === undefined)).toEqual([]);
    expect(written.length).toBeGreaterThan(30);
  });

  test.each(examples)("$name matches $reply", ({ name, reply }) => {
    const subject = { destination: "a.example", provider: "p" };
    const names = book.matching({ subject, reply: replyOf(reply) }).map((rule) => rule.name);
    expect(names).toContain(name);
  });

  test.each([
    "550 5.1.1 The email account that you tried to reach does not exist.",
    "450 4.2.0 Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/",
    "451 4.3.0 Temporary lookup failure",
    "450 4.1.8 Sender address rejected: Domain not found",
    "421 4.4.2 mx.example Error: timeout exceeded",
    "552 5.3.4 Message size exceeds fixed maximum message size",
    "550 5.7.1 Message rejected as spam by content filter",
    "450-4.2.1 The user you are trying to contact is receiving mail at a rate that\r\n450 4.2.1 prevents additional messages from being delivered.",
  ])("leave alone what is no matter of pace: %s", (reply) => {
    const subject = { destination: "a.example", provider: "p" };
    expect(book.matching({ subject, reply: replyOf(reply) })).toEqual([]);
  });

  test("none that is on fails anything", () => {
    const failing = shippedRules().filter(({ isOff, actions }) => {
      return !isOff && actions.some(({ effect }) => effect.kind === "fail");
    });
    expect(failing).toEqual([]);
  });
});

test("a text without rules, and one that is no YAML, say so", () => {
  expect(readRules("", "r.yaml")).toMatchObject({ faults: [{ line: 1, column: 1 }] });
  expect(readRules("a: [", "r.yaml")).toHaveProperty("faults");
  expect(readRules("automation: []", "r.yaml")).toEqual({ rules: [] });
});
