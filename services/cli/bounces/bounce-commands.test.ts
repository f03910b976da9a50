import { beforeEach, describe, expect, test } from "bun:test";
import { bounceOf } from "../../../test/support/bounces.ts";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { destination, uid } from "../../../test/support/records.ts";

const day = 86_400_000;
const at = 1_795_000_000_000;
const ids = ["A", "B", "C"].map((letter) => `01JDF8Z5T0ABCDEFGHJKMNPQR${letter}.0`);
const [a, b, c] = ids.map((id) => uid(id));

let bench: OperatorBench;

beforeEach(async () => {
  bench = new OperatorBench();
  if (a === undefined || b === undefined || c === undefined) throw new Error("there are three");
  await bench.store.recordBounces([
    bounceOf({ uid: a, at, path: "a@example.com", tenant: "acme", campaign: "spring" }),
    bounceOf({
      uid: b,
      at: at + 1_000,
      path: "b@other.example",
      destination: destination("other.example"),
      class: "unknown",
      rule: "none",
      status: "5.0.0",
      text: "=Computer\u001b[2J says no to b@other.example, 17 times",
      remote: "mx1.other.example",
    }),
    bounceOf({
      uid: c,
      at: at + day,
      path: "a@example.com",
      class: "expired",
      kind: "expired",
      rule: "kind",
      status: "5.4.7",
      attempt: 30,
    }),
  ]);
});

async function out(...args: string[]): Promise<string> {
  const { code, out: text, err } = await bench.run("bounces", ...args);
  expect([code, err]).toEqual([0, ""]);
  return text;
}

const lines = async (...args: string[]) => (await out(...args)).trimEnd().split("\n");

describe("list", () => {
  test("has a row a bounce, and nothing that moves the cursor", async () => {
    expect(await lines("list")).toEqual([
      `TIME (UTC)           CLASS        RECIPIENT          UNIT                          REPLY`,
      `2026-11-18 11:06:40  bad-mailbox  <a@example.com>    ${a}  550 5.1.1 no such user`,
      `2026-11-18 11:06:41  unknown      <b@other.example>  ${b}  550 5.0.0 =Computer [2J says no to b@other.example, 17 times`,
      `2026-11-19 11:06:40  expired      <a@example.com>    ${c}  550 5.4.7 no such user`,
    ]);
  });

  test.each([
    [["--domain", "Other.example"], [1]],
    [
      ["--recipient", "A@Example.com"],
      [0, 2],
    ],
    [["--tenant", "acme"], [0]],
    [["--campaign", "spring"], [0]],
    [["--class", "expired"], [2]],
    [["--since", "2026-11-19"], [2]],
    [
      ["--until", "2026-11-19"],
      [0, 1],
    ],
    [
      ["--since", "2026-11-18T11:06:41Z", "--until", "2026-11-19", "--domain", "other.example"],
      [1],
    ],
  ])("with %p", async (args, expected) => {
    const found = JSON.parse(await out("list", "--json", ...args)).bounces;
    expect(found.map((it: { uid: string }) => ids.indexOf(it.uid))).toEqual(expected);
  });

  test("goes on where it ended", async () => {
    const first = await bench.run("bounces", "list", "--limit", "2", "--csv");
    expect(first.out.split("\r\n")).toHaveLength(4);
    const [, cursor = ""] = /--cursor (\S+)/.exec(first.err) ?? [];
    const rest = JSON.parse(await out("list", "--json", "--limit", "2", "--cursor", cursor));
    expect(rest.bounces.map((it: { uid: string }) => it.uid)).toEqual([ids[2]]);
    expect(rest.next).toBeUndefined();
  });

  test("of none says so", async () => {
    const ended = await bench.run("bounces", "list", "--tenant", "nobody");
    expect(ended).toEqual({ code: 0, out: "", err: "There are none.\n" });
  });

  test.each([
    [["--class", "bad-luck"], '--class: "bad-luck" is no class'],
    [["--domain", "a b"], '"a b" is no destination'],
    [["--since", "never"], 'since: "never" is no time'],
    [["--cursor", "x"], "cursor: is no cursor"],
    [["--limit", "0"], '--limit: "0" is no number from 1 to 1000'],
  ])("is asked wrongly with %p", async (args, told) => {
    const { code, err } = await bench.run("bounces", "list", ...args);
    expect(code).toBe(2);
    expect(err).toContain(told);
  });
});

test("show tells everything of a unit, a message, or a mailbox", async () => {
  expect(await lines("show", String(b))).toEqual([
    "Recipient  <b@other.example>",
    "Time       2026-11-18 11:06:41 UTC",
    "Class      unknown (no rule knows it)",
    "Reply      550 5.0.0 =Computer [2J says no to b@other.example, 17 times",
    "Host       mx1.other.example",
    "From       <a@source.example>",
    `Unit       ${b}`,
    "Attempts   1",
  ]);
  expect(await out("show", String(a).slice(0, 26))).toContain("bad-mailbox (by its status 5.1.1)");
  const mailbox = await out("show", "A@example.com");
  expect(mailbox.match(/^Class .*$/gm)).toEqual([
    "Class      bad-mailbox (by its status 5.1.1)",
    "Class      expired (it expired)",
  ]);
  expect(await bench.run("bounces", "show", "x")).toMatchObject({ code: 2 });
  expect(JSON.parse(await out("show", String(c), "--json")).bounces).toHaveLength(1);
});

test("count has a row a day and a column a class", async () => {
  expect(await lines("count")).toEqual([
    "DAY         BAD-MAILBOX  EXPIRED  UNKNOWN  ALL",
    "2026-11-18  1                     1        2",
    "2026-11-19               1                 1",
    "all         1            1        1        3",
  ]);
  expect(await lines("count", "--domain", "other.example")).toEqual([
    "DAY         UNKNOWN  ALL",
    "2026-11-18  1        1",
  ]);
  expect(JSON.parse(await out("count", "--campaign", "spring", "--json"))).toEqual({
    counts: [{ day: Math.floor(at / day) * day, class: "bad-mailbox", count: 1 }],
  });
  const both = await bench.run("bounces", "count", "--domain", "a.example", "--tenant", "acme");
  expect(both).toMatchObject({ code: 2, out: "" });
});

test("unknown has the words without what differs", async () => {
  const [, row = ""] = await lines("unknown");
  expect(row).toBe(
    "1      2026-11-18 11:06:41  550 5.0.0 =computer [2j says no to <address>, <n> times",
  );
  expect(JSON.parse(await out("unknown", "--json")).texts).toHaveLength(1);
  const later = await bench.run("bounces", "unknown", "--since", "2026-11-19");
  expect(later.err).toBe("There are none.\n");
});

test("export has all pages, under one heading, and no formula", async () => {
  const all = (await out("export")).trimEnd().split("\r\n");
  expect(all).toHaveLength(4);
  expect(all[0]).toStartWith("at,kind,class,rule,recipient,");
  expect(all[2]).toContain(`"'=Computer [2J says no to b@other.example, 17 times"`);
  const json = (await out("export", "--json", "--domain", "example.com")).trimEnd().split("\n");
  expect(json.map((line) => JSON.parse(line).uid)).toEqual([ids[0], ids[2]]);
  expect(await out("export", "--tenant", "nobody")).toStartWith("at,kind,");
});
