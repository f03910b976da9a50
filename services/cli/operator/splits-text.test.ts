import { expect, test } from "bun:test";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { areAllFannedOut, splitsText } from "./splits-text.ts";

const some = { waiting: 3, inFlight: 2, oldestMs: 7_000 };
const none = { waiting: 0, inFlight: 0 };
const someText =
  "5 messages to several destinations not fanned out yet, 2 with a worker; the oldest came 7s ago.";

test.each([
  [undefined, ""],
  [none, "All messages to several destinations are fanned out.\n"],
  [some, `${someText}\n`],
  [
    { waiting: 1, inFlight: 0 },
    "1 message to several destinations not fanned out yet, 0 with a worker.\n",
  ],
  [
    "unknown" as const,
    "How many messages to several destinations are not fanned out yet is not known now.\n",
  ],
])("%p", (splits, text) => {
  expect(splitsText(splits)).toBe(text);
});

test("only what waits, or may wait, is worth a line in the queue", () => {
  expect([undefined, none].map(areAllFannedOut)).toEqual([true, true]);
  expect([some, { ...none, inFlight: 1 }, "unknown" as const].map(areAllFannedOut)).toEqual([
    ...[false, false, false],
  ]);
});

test("cluster status tells it below the shards, and in its JSON", async () => {
  const bench = new OperatorBench();
  bench.splitBacklog = async () => some;
  const { out } = await bench.run("cluster", "status");
  expect(out).toEndWith(`\n${someText}\n`);
  const { out: json } = await bench.run("cluster", "status", "--json");
  expect(JSON.parse(json).splits).toEqual(some);
});

test("cluster status does without it when NATS does not say", async () => {
  const bench = new OperatorBench();
  bench.splitBacklog = () => Promise.reject(new Error("no leader"));
  const { code, out } = await bench.run("cluster", "status");
  expect([code, out]).toEqual([0, expect.stringContaining("is not known now")]);
  const { out: json } = await bench.run("cluster", "status", "--json");
  expect(JSON.parse(json).splits).toBe("unknown");
});

test("queue summary does not say that nothing waits while something is to be fanned out", async () => {
  const bench = new OperatorBench();
  bench.splitBacklog = async () => some;
  expect(await bench.run("queue", "summary")).toEqual({ code: 0, out: `${someText}\n`, err: "" });
  const { out: json } = await bench.run("queue", "summary", "--json");
  expect(JSON.parse(json)).toEqual({ destinations: [], splits: some });
  bench.splitBacklog = async () => none;
  expect(await bench.run("queue", "summary")).toMatchObject({ out: "", err: "Nothing waits.\n" });
});
