/** What every inhabitant of Bus must do. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { AnswerFailed, type Bus, type BusHandler, NobodyAnswers } from "#lib/leases/bus";
import { failureOf } from "../support/failure.ts";
import { incarnation, shard } from "../support/records.ts";

export interface BusWorld {
  readonly bus: Bus;
  /** Lets time pass while an ask waits for its answer. */
  readonly pass: (ms: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

const zero = shard(0);
const request = { verb: "show", arguments: { uid: "x", limits: [1, null, true] } };
const saying =
  (word: string): BusHandler =>
  async () =>
    word;

export function busSuite(name: string, open: () => Promise<BusWorld>): void {
  describe(`${name}: Bus`, () => {
    let world: BusWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    asking(() => world);
    askingOne(() => world);
    askingAll(() => world);
  });
}

function asking(world: () => BusWorld): void {
  test("the owner of the shard gets the request, and its answer comes back", async () => {
    const { bus } = world();
    bus.serveShard(zero, async (asked) => ({ asked: asked.verb, with: asked.arguments }));
    bus.serveShard(shard(1), saying("another"));
    expect(await bus.ask(zero, request)).toEqual({ asked: "show", with: request.arguments });
  });

  test("a shard without an owner gives no answer", async () => {
    const { bus } = world();
    await expect(bus.ask(zero, request)).rejects.toBeInstanceOf(NobodyAnswers);
    const end = bus.serveShard(zero, saying("mine"));
    end();
    end();
    await expect(bus.ask(zero, request)).rejects.toBeInstanceOf(NobodyAnswers);
  });

  test("a shard that changed hands is answered by its new owner", async () => {
    const { bus } = world();
    const end = bus.serveShard(zero, saying("old"));
    bus.serveShard(zero, saying("new"));
    end();
    expect(await bus.ask(zero, request)).toBe("new");
  });

  test("an owner that fails says why", async () => {
    const { bus } = world();
    bus.serveShard(zero, () => Promise.reject(new Error("the store is away")));
    const failure = await failureOf(bus.ask(zero, request));
    expect(failure).toBeInstanceOf(AnswerFailed);
    expect(String(failure)).toContain("the store is away");
  });

  test("an owner that is silent gives no answer in the end", async () => {
    const { bus, pass } = world();
    bus.serveShard(zero, () => new Promise(() => {}));
    const asking = bus.ask(zero, request).catch((error) => error);
    await pass(10_000);
    expect(await asking).toBeInstanceOf(NobodyAnswers);
  });
}

const worker = (name: string, handler = saying(name), shards = [zero]) => ({
  name: incarnation(`${name}/1`),
  shards: () => shards,
  handler,
});

function askingOne(world: () => BusWorld): void {
  test("a worker is asked by its name, and its answer comes back", async () => {
    const { bus } = world();
    bus.serveWorker(worker("a"));
    bus.serveWorker(worker("b", async (asked) => ({ b: asked.arguments })));
    bus.serveShard(zero, saying("a shard"));
    expect(await bus.askWorker(incarnation("b/1"), request)).toEqual({ b: request.arguments });
    expect(await bus.askWorker(incarnation("a/1"), request)).toBe("a");
  });

  test("another incarnation of a worker, or one that serves no more, gives no answer", async () => {
    const { bus } = world();
    const end = bus.serveWorker(worker("a"));
    const before = failureOf(bus.askWorker(incarnation("a/2"), request));
    expect(await before).toBeInstanceOf(NobodyAnswers);
    end();
    const after = failureOf(bus.askWorker(incarnation("a/1"), request));
    expect(await after).toBeInstanceOf(NobodyAnswers);
  });

  test("a worker that fails says why, and one that is silent gives no answer in the end", async () => {
    const { bus, pass } = world();
    bus.serveWorker(worker("a", () => Promise.reject(new Error("broken"))));
    bus.serveWorker(worker("b", () => new Promise(() => {})));
    const failure = await failureOf(bus.askWorker(incarnation("a/1"), request));
    expect(failure).toBeInstanceOf(AnswerFailed);
    expect(String(failure)).toContain("broken");
    const asking = bus.askWorker(incarnation("b/1"), request).catch((error) => error);
    await pass(10_000);
    expect(await asking).toBeInstanceOf(NobodyAnswers);
  });
}

async function said(bus: Bus) {
  return (await bus.askAll(request)).answers.map(({ value }) => value).sort();
}

function askingAll(world: () => BusWorld): void {
  test("everybody who serves answers", async () => {
    const { bus } = world();
    bus.serveWorker(worker("a"));
    const end = bus.serveWorker(worker("b"));
    bus.serveWorker(worker("c"));
    expect(await said(bus)).toEqual(["a", "b", "c"]);
    end();
    expect(await said(bus)).toEqual(["a", "c"]);
  });

  test("without anybody the answer is empty", async () => {
    expect(await world().bus.askAll(request)).toEqual({ answers: [], silent: [] });
  });

  test("an answer says whose it is, and for which shards", async () => {
    const { bus } = world();
    let owned = [zero, shard(1)];
    const moving: BusHandler = async () => {
      owned = [shard(1), shard(2)];
      return "moved";
    };
    bus.serveWorker({ ...worker("a", moving), shards: () => owned });
    expect(await bus.askAll(request)).toEqual({
      answers: [{ from: incarnation("a/1"), shards: [shard(1)], value: "moved" }],
      silent: [],
    });
  });

  test("who fails or is silent is named", async () => {
    const { bus, pass } = world();
    bus.serveWorker(worker("a"));
    bus.serveWorker(worker("b", () => Promise.reject(new Error("broken"))));
    bus.serveWorker(worker("c", () => new Promise(() => {})));
    const asking = bus.askAll(request);
    await pass(10_000);
    const { answers, silent } = await asking;
    expect(answers.map(({ value }) => value)).toEqual(["a"]);
    expect(silent.map(({ from }) => from).sort()).toEqual([incarnation("b/1"), incarnation("c/1")]);
    expect(silent.find(({ from }) => from === "b/1")?.reason).toContain("broken");
  });

  test("what is asked and answered is a copy", async () => {
    const { bus } = world();
    const state = { depth: [1, 2] };
    bus.serveWorker(worker("a", async () => state));
    const { answers } = await bus.askAll(request);
    state.depth.push(3);
    expect(answers[0]?.value).toEqual({ depth: [1, 2] });
  });
}
