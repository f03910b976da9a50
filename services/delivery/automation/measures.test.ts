import { describe, expect, test } from "bun:test";
import type { Measure } from "#lib/automation/measure";
import type { Rule } from "#lib/automation/rule";
import { LocalBus } from "#lib/leases/local-bus";
import type { Outcome } from "#lib/queue/outcome";
import type { Reply } from "#lib/smtp/reply";
import { MemoryStore } from "#lib/store/memory";
import { StoreUnavailable } from "#lib/store/store";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { adminAnswer, readAdminArguments } from "#proto/admin";
import { measureOf, replyOf, rulesFrom } from "../../../test/support/automation/rules.ts";
import { incarnation, shard } from "../../../test/support/records.ts";
import { type MeasureChange, Measures } from "./measures.ts";

const start = 1_795_000_000_000;
const minute = 60_000;
const subject = { destination: "a.example", provider: "google", source: "ip1", tenant: "acme" };
const rules = rulesFrom(`
  - { name: holds, reply: slow, do: { action: hold, scope: [provider, source], for: 30m } }
  - name: limits
    reply: fast
    do: { action: limit, scope: [provider], messages: 10/min, connections: 2, recipientsPerTransaction: 5, for: 30m }
  - { name: skips, reply: busy, do: { action: skipHost, for: 5m } }
  - { name: changes, reply: listed, do: { action: changeSource, for: 1h } }
  - { name: fails, reply: quota, do: { action: fail } }`);

const transient = (reply: Reply): Outcome => ({
  kind: "transient",
  scope: "recipient",
  status: "4.2.2",
  reason: "told",
  reply,
});
const delivered: Outcome = {
  kind: "delivered",
  reply: { class: 2, code: 250, lines: ["slow, fast, busy, listed, quota"] },
  dsnRelayed: false,
};

/** Workers on one bus and one store. */
class Workers {
  readonly clock = new VirtualClock(start);
  readonly bus = new LocalBus({ clock: this.clock });
  readonly state = { isAway: false, reads: 0 };
  readonly store: MemoryStore;
  rules: readonly Rule[] = rules;

  constructor() {
    const { clock, state } = this;
    const before = async ({ operation }: { operation: string }) => {
      if (operation === "measures") state.reads += 1;
      if (state.isAway) throw new StoreUnavailable("Cannot use: away");
    };
    this.store = new MemoryStore({ clock, faults: { before, after: async () => {} } });
  }

  async join(name: string, earlier?: readonly Measure[]): Promise<Worker> {
    const worker = new Worker(this, name);
    const started = worker.measures.start(earlier);
    await this.clock.advance(0);
    await started;
    return worker;
  }
}

class Worker {
  readonly measures: Measures;
  readonly told: string[] = [];
  readonly leave: () => void;

  constructor(workers: Workers, name: string) {
    const { clock, bus, store } = workers;
    this.measures = new Measures({
      ...{ clock, bus, store },
      log: silentLog,
      me: name,
      retryMs: 1_000,
      rules: () => workers.rules,
    });
    this.measures.onChange((change) => this.told.push(textOf(change)));
    this.leave = bus.serveWorker({
      name: incarnation(name),
      shards: () => [shard(0)],
      handler: async ({ verb, arguments: args }) => {
        if (verb === "measure.heard") {
          const { by, counted } = readAdminArguments(verb, args);
          this.measures.heardBy(by, counted);
          return adminAnswer(verb, {});
        }
        if (verb !== "measure.bind") throw new Error(`no such verb: ${verb}`);
        this.measures.bind(readAdminArguments(verb, args).measures);
        return adminAnswer(verb, {});
      },
    });
  }

  /** What a host says to one recipient. */
  hears(text: string): readonly Outcome[] {
    const outcomes = [transient(replyOf(text))];
    return this.measures.judge(outcomes, { subject, host: "mx1.example" });
  }

  get names(): readonly string[] {
    return this.measures.all.map(({ rule }) => rule);
  }
}

function textOf({ kind, measure, isOwn }: MeasureChange): string {
  return `${isOwn ? "own" : "other"} ${measure.rule} ${kind}`;
}

describe("what is in force answers", () => {
  test("who is held, until when and why", async () => {
    const { measures, ...worker } = await new Workers().join("w/1");
    expect(measures.heldBy(subject)).toBeUndefined();
    expect(worker).toBeDefined();
    measures.judge([transient(replyOf("421 slow"))], { subject });
    expect(measures.heldBy(subject)).toMatchObject({
      endsAt: 30 * minute,
      measure: { rule: "holds", until: start + 30 * minute, sample: "421 slow" },
    });
    expect(measures.heldBy({ ...subject, source: "ip2" })).toBeUndefined();
    expect(measures.heldBy({ destination: "a.example", provider: "google" })).toBeUndefined();
  });

  test("which of several holds ends last", async () => {
    const { measures } = await new Workers().join("w/1");
    const scope = { provider: "google" };
    measures.bind([
      measureOf({ id: "a", scope, until: start + 10 * minute }),
      measureOf({ id: "b", scope, until: start + 50 * minute }),
      measureOf({ id: "c", scope: {}, until: start + 20 * minute }),
    ]);
    expect(measures.heldBy(subject)?.measure.id).toBe("b");
  });

  test("limits and caps, the same arrays until anything changes", async () => {
    const worker = await new Workers().join("w/1");
    const { measures } = worker;
    expect(measures.limitsFor(subject)).toEqual([]);
    expect(measures.limitsFor(subject)).toBe(measures.limitsFor({}));
    worker.hears("421 fast");
    const { generation } = measures;
    const limits = measures.limitsFor(subject);
    expect(limits).toMatchObject([
      { kind: "connections", max: 2, scope: ["provider"] },
      { kind: "messages", rate: { amount: 10, periodMs: minute }, scope: ["provider"] },
    ]);
    expect(limits.map(({ name }) => name)).toEqual(
      measures.all.slice(0, 2).map(({ rule, id }) => `${rule} ${id}`),
    );
    expect(limits[0]?.provenance).toStartWith("rule limits (shaping.yaml:");
    expect(measures.capsFor(subject)).toMatchObject([{ kind: "recipientsPerTransaction", max: 5 }]);
    expect(measures.limitsFor({ ...subject, destination: "b.example" })).toBe(limits);
    expect(measures.limitsFor({ ...subject, provider: "yahoo" })).toEqual([]);
    expect(measures.generation).toBe(generation);
    worker.hears("421 busy");
    expect(measures.generation).toBeGreaterThan(generation);
    expect(measures.limitsFor(subject)).toEqual(limits);
  });

  test("which host is skipped, and which source avoided", async () => {
    const worker = await new Workers().join("w/1");
    const { measures } = worker;
    worker.hears("421 busy");
    worker.hears("554 listed");
    expect(measures.isSkipped("mx1.example", {})).toBe(true);
    expect(measures.isSkipped("mx2.example", subject)).toBe(false);
    expect(measures.isAvoided(subject)).toBe(true);
    expect(measures.isAvoided({ ...subject, source: "ip2" })).toBe(false);
    expect(measures.isAvoided({ ...subject, provider: "yahoo" })).toBe(false);
  });
});

describe("outcomes", () => {
  test("are the same array unless one becomes a failure", async () => {
    const { measures } = await new Workers().join("w/1");
    const outcomes = [delivered, transient(replyOf("421 hurry"))];
    expect(measures.judge(outcomes, { subject })).toBe(outcomes);
  });

  test("fail as a rule says: only what matched, with the remote's words", async () => {
    const { measures } = await new Workers().join("w/1");
    const full = transient(replyOf("452 4.2.2 over quota"));
    const [first, second, third] = measures.judge(
      [delivered, full, transient(replyOf("450 4.2.1 else"))],
      { subject },
    );
    expect([first?.kind, third?.kind]).toEqual(["delivered", "transient"]);
    const reason = "by rule fails: told";
    expect(second).toMatchObject({
      kind: "permanent",
      scope: "recipient",
      status: "5.2.2",
      reason,
    });
    expect(second?.reply).toBe(full.reply);
    expect(measures.all).toEqual([]);
  });

  test("without a refusal start nothing, whatever they say", async () => {
    const { measures } = await new Workers().join("w/1");
    const ours: Outcome = {
      kind: "transient",
      scope: "host",
      status: "4.4.1",
      reason: "slow, fast, busy, listed, quota",
    };
    const unexpected = transient({ class: 3, code: 354, lines: ["slow"] });
    const outcomes = [delivered, ours, unexpected];
    expect(measures.judge(outcomes, { subject })).toBe(outcomes);
    expect(measures.all).toEqual([]);
  });

  test("one reply counts once, however many recipients it is about", async () => {
    const workers = new Workers();
    workers.rules = rulesFrom(
      "- { name: r, reply: slow, count: 2 in 1m, do: { action: hold, for: 1m } }",
    );
    const worker = await workers.join("w/1");
    const reply = replyOf("421 slow");
    worker.measures.judge([transient(reply), transient(reply)], { subject });
    expect(worker.names).toEqual([]);
    worker.hears("421 slow");
    expect(worker.names).toEqual(["r"]);
  });

  test("are held against the rules of the moment", async () => {
    const workers = new Workers();
    const worker = await workers.join("w/1");
    workers.rules = [];
    worker.hears("421 slow");
    expect(worker.names).toEqual([]);
  });
});

describe("a measure", () => {
  test("binds every worker at once, and those that come later", async () => {
    const workers = new Workers();
    const [one, two] = [await workers.join("w/1"), await workers.join("w/2")];
    one.hears("421 slow");
    await workers.clock.advance(0);
    expect(two.measures.heldBy(subject)?.measure.by).toBe("w/1");
    expect([one.told, two.told]).toEqual([["own holds started"], ["other holds started"]]);
    expect(await workers.store.measures()).toEqual([...one.measures.all]);
    const three = await workers.join("w/3");
    expect(three.measures.heldBy(subject)).toBeDefined();
  });

  test("that a worker did not hear of is read within seconds", async () => {
    const workers = new Workers();
    const [one, two] = [await workers.join("w/1"), await workers.join("w/2")];
    two.leave();
    one.hears("421 slow");
    await workers.clock.advance(0);
    expect(two.names).toEqual([]);
    await workers.clock.advance(5_000);
    expect(two.names).toEqual(["holds"]);
  });

  test("ends by itself, everywhere", async () => {
    const workers = new Workers();
    const [one, two] = [await workers.join("w/1"), await workers.join("w/2")];
    one.hears("421 slow");
    one.hears("421 busy");
    await workers.clock.advance(5 * minute);
    expect([one.names, two.names]).toEqual([["holds"], ["holds"]]);
    await workers.clock.advance(25 * minute);
    expect([one.names, two.names]).toEqual([[], []]);
    expect(one.told.slice(-2)).toEqual(["own skips ended", "own holds ended"]);
    expect(one.measures.heldBy(subject)).toBeUndefined();
  });

  test("is renewed everywhere", async () => {
    const workers = new Workers();
    const [one, two] = [await workers.join("w/1"), await workers.join("w/2")];
    one.hears("421 slow");
    await workers.clock.advance(20 * minute);
    two.hears("421 slow");
    await workers.clock.advance(20 * minute);
    expect([one.names, two.names]).toEqual([["holds"], ["holds"]]);
    expect(one.told).toEqual(["own holds started", "other holds renewed"]);
    await workers.clock.advance(10 * minute);
    expect([one.names, two.names]).toEqual([[], []]);
  });

  test("binds while the store is away, and is written when it is back", async () => {
    const workers = new Workers();
    const [one, two] = [await workers.join("w/1"), await workers.join("w/2")];
    workers.state.isAway = true;
    one.hears("421 slow");
    await workers.clock.advance(minute);
    expect([one.names, two.names]).toEqual([["holds"], ["holds"]]);
    workers.state.isAway = false;
    await workers.clock.advance(1_000);
    expect(await workers.store.measures()).toEqual([...one.measures.all]);
  });

  test("that ended while the store was away is not written any more", async () => {
    const workers = new Workers();
    const one = await workers.join("w/1");
    workers.state.isAway = true;
    one.hears("421 busy");
    await workers.clock.advance(6 * minute);
    workers.state.isAway = false;
    await workers.clock.advance(5_000);
    expect(await workers.store.measures()).toEqual([]);
  });
});

describe("a count", () => {
  const three = rulesFrom(
    "- { name: r, reply: slow, count: 3 in 10m, do: { action: hold, scope: [provider], for: 30m } }",
  );

  test("is of what all workers hear together, within a second", async () => {
    const workers = new Workers();
    workers.rules = three;
    const [one, two] = [await workers.join("w/1"), await workers.join("w/2")];
    one.hears("421 slow");
    two.hears("421 slow");
    await workers.clock.advance(1_000);
    expect([one.names, two.names]).toEqual([[], []]);
    one.hears("421 slow");
    await workers.clock.advance(0);
    expect([one.names, two.names]).toEqual([["r"], ["r"]]);
    expect(one.told).toEqual(["own r started"]);
  });

  test("does not take its own replies for others'", async () => {
    const workers = new Workers();
    workers.rules = three;
    const one = await workers.join("w/1");
    for (let n = 0; n < 2; n++) {
      one.hears("421 slow");
      await workers.clock.advance(2_000);
    }
    expect(one.names).toEqual([]);
  });

  test("begins at nought where another worker has started what it was for", async () => {
    const workers = new Workers();
    workers.rules = three;
    const [one, two] = [await workers.join("w/1"), await workers.join("w/2")];
    two.leave();
    for (let n = 0; n < 2; n++) two.hears("421 slow");
    two.measures.bind([measureOf({ rule: "r", scope: { provider: "google" } })]);
    two.measures.cancel("0123456789ab");
    two.hears("421 slow");
    expect([one.names, two.names]).toEqual([[], []]);
  });
});

describe("cancelling", () => {
  test("ends it here at once, and at who did not hear it when it is gone from the store", async () => {
    const workers = new Workers();
    const [one, two] = [await workers.join("w/1"), await workers.join("w/2")];
    one.hears("421 slow");
    await workers.clock.advance(5_000);
    const [{ id } = { id: "" }] = one.measures.all;
    await workers.store.dropMeasure(id);
    expect(one.measures.cancel(id)).toBe(true);
    expect(one.measures.cancel(id)).toBe(false);
    expect([one.names, two.names]).toEqual([[], ["holds"]]);
    await workers.clock.advance(5_000);
    expect(two.names).toEqual([]);
    expect([one.told.at(-1), two.told.at(-1)]).toEqual([
      "own holds cancelled",
      "other holds cancelled",
    ]);
  });

  test("while it is written leaves nothing in the store", async () => {
    const workers = new Workers();
    const one = await workers.join("w/1");
    one.hears("421 slow");
    // Not a turn has passed: the write is still to come.
    const [{ id } = { id: "" }] = one.measures.all;
    one.measures.cancel(id);
    await workers.clock.advance(10_000);
    expect(await workers.store.measures()).toEqual([]);
    expect(one.names).toEqual([]);
  });
});

describe("a start", () => {
  test("waits until they are known, however long the store is away", async () => {
    const workers = new Workers();
    await workers.store.putMeasure(measureOf());
    workers.state.isAway = true;
    const worker = new Worker(workers, "w/1");
    let isStarted = false;
    const started = worker.measures.start().then(() => {
      isStarted = true;
    });
    await workers.clock.advance(10_000);
    expect([isStarted, worker.measures.known]).toEqual([false, undefined]);
    workers.state.isAway = false;
    await workers.clock.advance(1_000);
    await started;
    expect(worker.measures.known).toEqual([measureOf()]);
  });

  test("with an earlier incarnation's will do while the store is away", async () => {
    const workers = new Workers();
    workers.state.isAway = true;
    const worker = await workers.join("w/1", [measureOf()]);
    expect(worker.measures.known).toEqual([measureOf()]);
  });

  test("that was stopped meanwhile asks no more", async () => {
    const workers = new Workers();
    const worker = await workers.join("w/1");
    worker.measures.stop();
    const { reads } = workers.state;
    await workers.clock.advance(minute);
    expect(workers.state.reads).toBe(reads);
    expect(workers.clock.nextDueAt()).toBeUndefined();
  });
});
