import { describe, expect, test } from "bun:test";
import { sourceArguments } from "./arguments.ts";

const newRun = () => "r1";

describe("sourceArguments()", () => {
  test("without any but the address: what the benchmark sends", () => {
    expect(sourceArguments(["127.0.0.1:2525"], newRun)).toEqual({
      source: {
        to: { address: "127.0.0.1", port: 2_525 },
        job: {
          run: "r1",
          sizesBytes: [4_096],
          recipients: 1,
          domains: ["sink.example"],
          localPart: "load",
          reversePath: "load@load.example",
        },
        session: {
          tls: "none",
          auth: undefined,
          pipelining: "never",
          chunking: "never",
          hostname: "source.example",
        },
        sessions: 20,
        messages: 1_000,
        ratePerSecond: undefined,
        messagesPerSession: Number.POSITIVE_INFINITY,
        reconnect: "never",
        replyTimeoutMs: 300_000,
      },
      accounts: undefined,
      histogram: undefined,
      output: "text",
    });
  });

  test("takes the rest", () => {
    const words =
      "[::1]:25 --messages 5 --rate 10 --size 100,200 --domain a.example --domains 2 --reconnect" +
      " --tls implicit --user u --password p --pipelining --per-session 3 --run x9 --from=";
    const { source } = sourceArguments(words.split(" "), newRun);
    expect(source).toMatchObject({
      to: { address: "::1", port: 25 },
      job: { run: "x9", domains: ["d0.a.example", "d1.a.example"], sizesBytes: [100, 200] },
      session: { tls: "implicit", auth: { name: "u", password: "p" }, pipelining: "envelope" },
      messagesPerSession: 3,
      ratePerSecond: 10,
      reconnect: "always",
    });
    expect(source.job.reversePath).toBe("");
  });

  test("domains and sizes by weight, and so many domains below each", () => {
    const words = "a:1 --domain a.example=2,b.example=1 --domains 2 --size 100=1,200=2 --bdat";
    const { job, session } = sourceArguments(words.split(" "), newRun).source;
    expect(job.domains).toEqual([
      "d0.a.example",
      "d0.b.example",
      "d1.a.example",
      "d0.a.example",
      "d1.b.example",
      "d1.a.example",
    ]);
    expect(job.sizesBytes).toEqual([200, 100, 200]);
    expect(session.chunking).toBe("if-offered");
  });

  test("sizes as they were counted", () => {
    const { job } = sourceArguments(["a:1", "--mix", "office"], newRun).source;
    expect(new Set(job.sizesBytes)).toContain(10_001_000);
  });
});
