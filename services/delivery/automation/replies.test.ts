/** From what a mail exchanger says to what becomes of mail: a whole worker with rules. */
import { describe, expect, test } from "bun:test";
import { rulesFrom } from "../../../test/support/automation/rules.ts";
import { DeliveryBench, hour, minute } from "../../../test/support/delivery/delivery-bench.ts";
import { constantly, plainShaping } from "../../../test/support/delivery/plain-shaping.ts";
import type { Said } from "../../../test/support/delivery/scripted-mx.ts";

async function setUp(rules: string): Promise<DeliveryBench> {
  const shaping = constantly(plainShaping({ automation: rulesFrom(rules), first: 1, max: 1 }));
  return await new DeliveryBench({ config: { shaping } }).start();
}

/** Says it to so many RCPTs. */
function refusing(bench: DeliveryBench, said: Said, times = Number.POSITIVE_INFINITY) {
  const state = { left: times };
  bench.mx.script = {
    answer: (command) => {
      if (!command.startsWith("RCPT") || state.left <= 0) return undefined;
      state.left -= 1;
      return said;
    },
  };
  return state;
}

describe("a rule on replies", () => {
  const hold = `
    - name: slow-down
      reply: slow down
      count: 3 in 10m
      do: { action: hold, scope: [destination], for: 2h }`;

  test("holds mail from the last of so many replies on, and lets it go when its time is over", async () => {
    const bench = await setUp(hold);
    refusing(bench, "450 4.7.0 slow down", 3);
    await bench.acceptMany(10);
    await bench.clock.advance(minute);
    expect([bench.mx.taken.length, bench.worker.measures.all.length]).toEqual([0, 1]);
    await bench.clock.advance(hour);
    expect(bench.mx.taken).toEqual([]);
    await bench.clock.advance(hour + 5 * minute);
    expect([bench.mx.taken.length, bench.worker.measures.all.length]).toEqual([10, 0]);
    expect(
      bench.events.map(({ event }) => event).filter((it) => it.startsWith("measure_")),
    ).toEqual(["measure_started", "measure_ended"]);
  });

  test("still holds after a restart, and at a worker that joins", async () => {
    const bench = await setUp(hold);
    refusing(bench, "450 4.7.0 slow down", 3);
    await bench.acceptMany(10);
    await bench.clock.advance(minute);
    const { measures } = await bench.ask("measure.list", {});
    await bench.restart();
    expect(bench.worker.measures.all).toEqual(measures);
    await bench.clock.advance(hour);
    expect(bench.mx.taken).toEqual([]);
    const other = await bench.join("other/1");
    expect(other.measures.all).toEqual(measures);
  });

  test("sets a limit that the file does not have, and takes it back", async () => {
    const bench = await setUp(`
      - { name: pace, reply: too fast, do: { action: limit, messages: 1/min, for: 30m } }`);
    refusing(bench, "450 4.7.0 too fast", 1);
    await bench.acceptMany(60);
    await bench.clock.advance(20 * minute);
    expect(bench.mx.taken.length).toBeGreaterThanOrEqual(18);
    expect(bench.mx.taken.length).toBeLessThanOrEqual(22);
    await bench.clock.advance(11 * minute);
    expect(bench.mx.taken.length).toBe(60);
  });

  test("fails what matched, at once, with a notification and a record", async () => {
    const bench = await setUp("- { name: full, reply: over quota, do: { action: fail } }");
    refusing(bench, "452 4.2.2 over quota", 1);
    const unit = await bench.accept();
    await bench.acceptMany(1);
    await bench.clock.advance(minute);
    const [event] = (await bench.story(unit)).filter(({ disposition }) => disposition === "failed");
    expect(event?.recipients).toMatchObject([
      { outcome: "permanent", status: "5.2.2", code: 452, text: "by rule full: over quota" },
    ]);
    const [notification] = bench.notifications;
    expect(notification?.content).toContain("Status: 5.2.2");
    expect(notification?.content).toContain("452 4.2.2 over quota");
    expect(bench.mx.recipients.filter((it) => it.endsWith("@example.net"))).toHaveLength(1);
  });

  test("has no say in what a rule says of another destination", async () => {
    const bench = await setUp(hold);
    refusing(bench, "450 4.7.0 slow down", 3);
    await bench.acceptMany(3);
    await bench.clock.advance(1_000);
    expect(bench.worker.measures.all).toHaveLength(1);
    await bench.acceptMany(5, "other.example");
    await bench.clock.advance(minute);
    expect(bench.mx.recipients.filter((it) => it.endsWith("@example.net"))).toEqual([]);
    expect(bench.mx.recipients.filter((it) => it.endsWith("@other.example"))).toHaveLength(5);
  });

  test("that is cancelled lets mail go at once", async () => {
    const bench = await setUp(hold);
    refusing(bench, "450 4.7.0 slow down", 3);
    await bench.acceptMany(10);
    await bench.clock.advance(minute);
    const ids = bench.worker.measures.all.map(({ id }) => id);
    expect([ids.length, bench.mx.taken.length]).toEqual([1, 0]);
    for (const id of ids) await bench.store.dropMeasure(id);
    expect(await bench.ask("measure.cancel", { ids })).toEqual({ cancelled: ids });
    await bench.clock.advance(10_000);
    expect(bench.mx.taken.length).toBe(7);
    await bench.clock.advance(10 * minute);
    expect(bench.mx.taken.length).toBe(10);
  });
});
