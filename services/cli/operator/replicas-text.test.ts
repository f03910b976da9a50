import { describe, expect, test } from "bun:test";
import type { StreamReplicas } from "#lib/stream/stream-replicas";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { replicasText } from "./replicas-text.ts";

const away = { kind: "away", server: "n1" } as const;
const some: StreamReplicas = {
  streams: 20,
  lacking: [
    ...Array.from({ length: 8 }, (_, n) => ({ stream: `Q00${n}`, faults: [away] })),
    { stream: "SPLIT", faults: [away, { kind: "behind", server: "n2", entries: 12_345 }] },
    { stream: "BODY", faults: [{ kind: "missing" }] },
  ],
};
const someText = `10 of 20 streams lack replicas: no other NATS server may go now
  Q000, Q001, Q002, Q003, Q004, Q005 and 2 more: n1 is away
  SPLIT: n1 is away, n2 is 12345 entries behind
  BODY: the stream is missing (godwit schema apply)
`;

describe("replicasText()", () => {
  test("says nothing where there is none, and when it is not known", () => {
    expect(replicasText(undefined)).toBe("");
    expect(replicasText("unknown")).toBe("Whether streams lack replicas is not known now.\n");
  });

  test("names those that lack the same together", () => {
    expect(replicasText({ streams: 20, lacking: [] })).toBe(
      "All 20 streams have all their replicas.\n",
    );
    expect(replicasText(some)).toBe(someText);
  });

  test.each([
    [{ kind: "silent" }, "nobody answers for it"],
    [{ kind: "leaderless" }, "it has no leader"],
    [{ kind: "unplaced", count: 1 }, "a replica has no server"],
    [{ kind: "unplaced", count: 2 }, "2 replicas have no server"],
    [{ kind: "of a later version" }, "of a later version"],
  ])("%o", (fault, text) => {
    const lacking = [{ stream: "Q000", faults: [fault] }];
    expect(replicasText({ streams: 1, lacking })).toEndWith(`  Q000: ${text}\n`);
  });
});

test("cluster status tells it at its end, and in its JSON", async () => {
  const bench = new OperatorBench();
  bench.replicas = async () => some;
  const { out } = await bench.run("cluster", "status");
  expect(out).toEndWith(`\n${someText}`);
  const { out: json } = await bench.run("cluster", "status", "--json");
  expect(JSON.parse(json).replicas).toEqual(some);
});

test("cluster status does without it when NATS does not say", async () => {
  const bench = new OperatorBench();
  bench.replicas = () => Promise.reject(new Error("no connection"));
  const { code, out } = await bench.run("cluster", "status");
  expect([code, out]).toEqual([0, expect.stringContaining("is not known now")]);
});
