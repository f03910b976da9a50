/** What every inhabitant of Bus must do. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Bus, type BusHandler, NobodyAnswers } from "#lib/leases/bus";
import { shard } from "../support/records.ts";

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

  test("an owner that fails gives no answer", async () => {
    const { bus } = world();
    bus.serveShard(zero, () => Promise.reject(new Error("broken")));
    await expect(bus.ask(zero, request)).rejects.toBeInstanceOf(NobodyAnswers);
  });

  test("an owner that is silent gives no answer in the end", async () => {
    const { bus, pass } = world();
    bus.serveShard(zero, () => new Promise(() => {}));
    const asking = bus.ask(zero, request).catch((error) => error);
    await pass(10_000);
    expect(await asking).toBeInstanceOf(NobodyAnswers);
  });
}

function askingAll(world: () => BusWorld): void {
  test("everybody who serves answers", async () => {
    const { bus } = world();
    bus.serveWorker(saying("a"));
    const end = bus.serveWorker(saying("b"));
    bus.serveWorker(saying("c"));
    expect([...(await bus.askAll(request))].sort()).toEqual(["a", "b", "c"]);
    end();
    expect([...(await bus.askAll(request))].sort()).toEqual(["a", "c"]);
  });

  test("without anybody the answer is empty", async () => {
    expect(await world().bus.askAll(request)).toEqual([]);
  });

  test("who fails or is silent is left out", async () => {
    const { bus, pass } = world();
    bus.serveWorker(saying("a"));
    bus.serveWorker(() => Promise.reject(new Error("broken")));
    bus.serveWorker(() => new Promise(() => {}));
    const asking = bus.askAll(request);
    await pass(10_000);
    expect(await asking).toEqual(["a"]);
  });

  test("what is asked and answered is a copy", async () => {
    const { bus } = world();
    const state = { depth: [1, 2] };
    bus.serveWorker(async () => state);
    const [answer] = await bus.askAll(request);
    state.depth.push(3);
    expect(answer).toEqual({ depth: [1, 2] });
  });
}
