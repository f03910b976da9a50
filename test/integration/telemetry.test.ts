/** A message through a whole process, seen by a collector: one trace from the final dot to the end. */
import { expect, test } from "bun:test";
import { createTransport } from "nodemailer";
import { Sink } from "../../loadtest/sink/sink.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { attributesOf, FakeCollector } from "../support/telemetry/fake-collector.ts";

const patienceMs = 60_000;

async function send({ address, port }: { address: string; port: number }): Promise<void> {
  const transport = createTransport({ host: address, port, secure: false, ignoreTLS: true });
  const text = "Tomorrow at noon?";
  await transport.sendMail({ from: "a@source.example", to: "b@one.example", subject: "x", text });
  transport.close();
}

test.each([0, 1])(
  "with %d threads for the edge",
  async (threads) => {
    await using collector = new FakeCollector();
    await using sink = await Sink.start();
    const yaml = `edgeThreads: ${threads}
telemetry: { otlp: "${collector.url}", traces: 1, interval: 1s }
`;
    await using godwit = await StandaloneProcess.prepare({ routes: { "*": sink.endpoint }, yaml });
    await godwit.start();
    if (godwit.submission === undefined) throw new Error("it does not listen");
    const accepted = godwit.log.next(({ event }) => event === "message_accepted");
    const attempted = godwit.log.next(({ event }) => event === "attempt");
    await send(godwit.submission);
    const lines = [await accepted, await attempted];
    await collector.has(({ metrics }) => metrics.has("godwit_edge_messages_total"));
    // What it has not told yet it tells at its end.
    expect(await godwit.stop()).toBe(0);

    const names = collector.spans.map(({ name }) => name).toSorted();
    expect(names).toEqual(["accept", "attempt", "receive", "settle"]);
    const [traceId, ...others] = new Set(collector.spans.map((span) => span.traceId));
    expect(others).toEqual([]);
    expect(lines.map((line) => line.trace_id)).toEqual([traceId, traceId]);
    const spanOf = (name: string) => collector.spans.find((span) => span.name === name);
    const first = spanOf("receive");
    expect(first?.parentSpanId).toBeUndefined();
    for (const name of ["accept", "attempt", "settle"]) {
      expect(spanOf(name)?.parentSpanId).toBe(first?.spanId ?? "none");
    }
    const attempt = spanOf("attempt");
    expect(attempt && attributesOf(attempt)).toMatchObject({
      "godwit.destination": "one.example",
      "godwit.outcome": "delivered",
      "server.address": expect.stringContaining("127.0.0.1"),
      "smtp.reply.code": "250",
    });
    expect(collector.metrics.get("godwit_edge_messages_total")).toMatchObject({
      sum: { dataPoints: expect.arrayContaining([expect.objectContaining({ asDouble: 1 })]) },
    });
  },
  patienceMs,
);

test(
  "a collector that is away holds up neither mail nor the end",
  async () => {
    await using sink = await Sink.start();
    const yaml = `telemetry: { otlp: "http://127.0.0.1:9", traces: 1, interval: 1s }\n`;
    await using godwit = await StandaloneProcess.prepare({ routes: { "*": sink.endpoint }, yaml });
    const away = godwit.log.next(({ event }) => event === "telemetry_not_exported");
    await godwit.start();
    if (godwit.submission === undefined) throw new Error("it does not listen");
    const delivered = godwit.log.next((line) => line.outcome === "delivered");
    await send(godwit.submission);
    await Promise.all([delivered, away]);
    expect(await godwit.stop()).toBe(0);
  },
  patienceMs,
);
