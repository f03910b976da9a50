import { describe, expect, test } from "bun:test";
import { failureOf } from "../../../test/support/failure.ts";
import { balance } from "../../ledger.ts";
import { sourceArguments } from "../../source/arguments.ts";
import { Source } from "../../source/source.ts";
import { SinkProcesses } from "./sink-processes.ts";

describe("SinkProcesses", () => {
  test("what came to any of them is accounted for", async () => {
    const sink = await SinkProcesses.start({ keep: "verdicts" }, 2);
    const { port } = sink.endpoint;
    const args = [`127.0.0.1:${port}`, ..."--messages 300 --sessions 30 --recipients 2".split(" ")];
    const source = new Source(sourceArguments(args, () => "t").source);
    expect(await source.run()).toMatchObject({ accepted: 300 });
    await sink.until((_, ledger) => ledger.distinct >= 300);
    await sink.until(({ sessionsOpen }) => sessionsOpen === 0);
    const even = { lost: [], repeated: new Map(), extraCopies: 0, unanswered: 0 };
    expect(balance(source.promised, sink.ledger, 2)).toEqual(even);
    const all = { messages: 300, recipients: 600, sessions: 30, damaged: 0, lookedAt: 300 };
    expect(sink.counts).toMatchObject(all);
    await sink.stop();
    expect(sink.cpuSeconds).toBeGreaterThan(0);
  });

  test("each does what it is told to, and all of it is counted", async () => {
    await using sink = await SinkProcesses.start({ faults: ["550-at-rcpt"] }, 2);
    const args = [`127.0.0.1:${sink.endpoint.port}`, ..."--messages 40 --sessions 20".split(" ")];
    const summary = await new Source(sourceArguments(args, () => "t").source).run();
    expect(summary.refused).toEqual({ "550 at rcpt": 40 });
    await sink.until(({ sessionsOpen, sessions }) => sessions === 20 && sessionsOpen === 0);
    expect(sink.faultCounts).toEqual({ "reply at rcpt": 40 });
  });

  test("what is wrong is told, and nothing is left running", async () => {
    const failure = await failureOf(SinkProcesses.start({ faults: ["explode"] }, 2));
    expect(String(failure)).toContain('"explode" is no fault');
  });
});
