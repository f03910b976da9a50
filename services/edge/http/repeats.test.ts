/** The same request again: after its answer, beside it, and when its first try did not end well. */
import { describe, expect, test } from "bun:test";
import { type Intake, IntakeUnavailable } from "#lib/stream/intake";
import { MemoryLog } from "#lib/stream/memory";
import { VirtualClock } from "#lib/virtual-clock";
import { HttpBench } from "../../../test/support/edge/http-bench.ts";

const good = { from: "news@acme.example", text: "x" };
const list = { ...good, recipients: ["a@one.example", "b@two.example", "no address"] };
const key = { "idempotency-key": "order-7" };

test("a repeat gets the first answer, byte for byte, and sends nothing", async () => {
  const bench = new HttpBench();
  const first = await bench.post(list, key);
  const again = await bench.post(list, key);
  expect([again.status, again.body]).toEqual([first.status, first.body]);
  expect(again.headers.get("content-type")).toBe(first.headers.get("content-type"));
  expect(first.status).toBe(202);
  expect(bench.intake.accepted).toHaveLength(2);
});

test("so does one whom nobody took", async () => {
  const bench = new HttpBench();
  const nobody = { ...good, to: ["no address"] };
  expect(await bench.post(nobody, key)).toMatchObject({ status: 422 });
  expect(await bench.post(nobody, key)).toMatchObject({ status: 422 });
});

test("without a key each request is one of its own", async () => {
  const bench = new HttpBench();
  await bench.post(list);
  await bench.post(list);
  expect(bench.intake.accepted).toHaveLength(4);
});

test("another request with the same key is refused", async () => {
  const bench = new HttpBench();
  await bench.post(list, key);
  const { status, body } = await bench.post({ ...list, text: "y" }, key);
  expect([status, body.detail]).toEqual([422, "this key was used for another request"]);
});

test("a request that is wrong takes no key", async () => {
  const bench = new HttpBench();
  expect((await bench.post({ ...list, text: 7 }, key)).status).toBe(400);
  expect((await bench.post(list, key)).status).toBe(202);
});

test.each(["", " ", "a b", "\u00fc", "x".repeat(256)])("%j is no key", async (text) => {
  const { status } = await new HttpBench().post(list, { "idempotency-key": text });
  expect(status).toBe(400);
});

test("a repeat beside the first try is told to wait", async () => {
  const held = Promise.withResolvers<void>();
  const bench = new HttpBench({ faults: { before: () => held.promise, after: async () => {} } });
  const first = bench.post(list, key);
  const { status, headers } = await bench.post(list, key);
  expect([status, headers.get("retry-after")]).toEqual([409, "90"]);
  held.resolve();
  expect((await first).status).toBe(202);
});

describe("a queue that takes some, and not the others", () => {
  /** Refuses mail for a domain, or takes it and loses the answer. */
  class Moody implements Intake {
    refusing = true;
    readonly #inner = new MemoryLog({ clock: new VirtualClock(), shards: 4 }).intake();
    readonly #mood: "refuses" | "loses";
    taken = 0;

    constructor(mood: "refuses" | "loses") {
      this.#mood = mood;
    }

    async accept(message: Parameters<Intake["accept"]>[0]): Promise<void> {
      const isMeant = this.refusing && message.units[0]?.destination.startsWith("two");
      if (isMeant && this.#mood === "refuses") throw new IntakeUnavailable("not now");
      this.taken += 1;
      await this.#inner.accept(message);
      if (isMeant) throw new IntakeUnavailable("answer lost");
    }
  }

  test("with a key: 503, and the repeat does what is left", async () => {
    const intake = new Moody("refuses");
    const bench = new HttpBench({ intake });
    const first = await bench.post(list, key);
    expect(first.status).toBe(503);
    expect(first.body.recipients).toMatchObject([
      { status: "accepted" },
      { status: "refused", code: 451 },
      { status: "refused", code: 553 },
    ]);
    intake.refusing = false;
    const again = await bench.post(list, key);
    expect([again.status, again.body.accepted, again.body.refused]).toEqual([202, 2, 1]);
    expect(again.body.recipients[0]).toEqual(first.body.recipients[0]);
    expect(intake.taken).toBe(2);
  });

  test("an answer that was lost: the repeat has the same id, so that the queue knows it", async () => {
    const intake = new Moody("loses");
    const bench = new HttpBench({ intake });
    expect((await bench.post(list, key)).status).toBe(503);
    const again = await bench.post(list, key);
    expect(again.status).toBe(503);
    intake.refusing = false;
    expect((await bench.post(list, key)).status).toBe(202);
    const ids = bench.intake.accepted.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  test("without a key: 202, and each has its result", async () => {
    const bench = new HttpBench({ intake: new Moody("refuses") });
    const { status, body } = await bench.post(list);
    expect([status, body.accepted, body.refused]).toEqual([202, 1, 2]);
    expect(body.recipients[1]).toMatchObject({ code: 451, enhancedStatus: "4.3.0" });
  });
});
