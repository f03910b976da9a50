/** Mail for another day (ADR 0026), on one machine, over kills and restarts. */
import { expect, test } from "bun:test";
import { z } from "zod";
import { Sink } from "../../loadtest/sink/sink.ts";
import { submitRaw } from "../support/edge/raw-submission.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";

const day = 86_400_000;
const second = 1_000;

const listed = z.object({
  units: z.array(
    z.object({ uid: z.string(), notBefore: z.number().optional(), attempts: z.number() }),
  ),
});
const traced = z.object({
  events: z.array(
    z.object({
      at: z.number(),
      disposition: z.string(),
      attempt: z.number(),
      nextAttemptAt: z.number().optional(),
    }),
  ),
});

async function submit(godwit: StandaloneProcess, to: string, parameters = ""): Promise<void> {
  if (godwit.submission === undefined) throw new Error("Godwit does not run");
  await submitRaw(godwit.submission, { to: [to], parameters });
}

async function crashed(godwit: StandaloneProcess): Promise<void> {
  await godwit.kill();
  await godwit.start();
}

test("mail for tomorrow outlives kill -9, does not go today, and goes tomorrow", async () => {
  const arrived: string[] = [];
  await using sink = await Sink.start({
    keep: "messages",
    arrived: ({ recipients }) => arrived.push(...recipients.map((it) => it.forwardPath)),
  });
  await using godwit = await StandaloneProcess.prepare({ routes: { "*": sink.endpoint } });
  await godwit.start();
  await submit(godwit, "tomorrow@sink.example", `HOLDFOR=${day / second}`);
  await crashed(godwit);
  await submit(godwit, "today@sink.example");
  await sink.until(({ messages }) => messages === 1);
  const { units } = listed.parse(await (await godwit.ask("/v1/queue?limit=10")).json());
  const [{ uid = "", notBefore = Number.NaN, attempts } = {}] = units;
  expect([units.length, attempts, notBefore > 0]).toEqual([1, 0, true]);
  await crashed(godwit);

  // A minute before its time, and what comes then goes past it.
  await godwit.setClockAhead(day - 60 * second);
  await submit(godwit, "evening@sink.example");
  await sink.until(({ messages }) => messages === 2);
  await godwit.setClockAhead(day + 5 * second);
  await sink.until(({ messages }) => messages === 3);
  expect(arrived).toEqual(["today@sink.example", "evening@sink.example", "tomorrow@sink.example"]);

  await godwit.emptied();
  const trace = await godwit.ask(`/v1/trace/${uid}?limit=10`);
  const { events } = traced.parse(await trace.json());
  expect(events.map(({ disposition, attempt }) => [disposition, attempt])).toEqual([
    ["deferred", 0],
    ["delivered", 1],
  ]);
  expect(events[0]?.nextAttemptAt).toBeGreaterThanOrEqual(notBefore);
  expect(events[1]?.at).toBeGreaterThanOrEqual(notBefore);
  expect(await godwit.stop()).toBe(0);
}, 60_000);
