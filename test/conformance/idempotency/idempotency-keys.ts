/** What every inhabitant of IdempotencyKeys must do. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { keyKeptMs, runningMs } from "#lib/idempotency/claim";
import { answerBytesMax, type Beginning, type IdempotencyKeys } from "#lib/idempotency/idempotency";
import { failureOf } from "../../support/failure.ts";

export interface KeysWorld {
  readonly keys: IdempotencyKeys;
  /** The same keys as another edge has them; the same object where there is but one edge. */
  readonly other: IdempotencyKeys;
  /** For how long the intake beside them knows an id. */
  readonly knownMs: number;
  readonly pass: (ms: number) => Promise<void>;
  /** Moves the clock on the wall alone. Absent where no clock of ours counts. */
  readonly step?: (ms: number) => void;
  /** As its next process has them. Absent where nothing outlives the process. */
  readonly reopen?: () => Promise<KeysWorld>;
  readonly close: () => Promise<void>;
}

const tenant = "acme";
const request = fingerprint(1);
const another = fingerprint(2);
const nothing = new Uint8Array();
const answer = Buffer.from('{"id":"01ARZ3"}');
/** Servers have a clock of their own, which does not stand still. */
const secondsMs = 10_000;

function fingerprint(seed: number): Uint8Array {
  return new Uint8Array(32).fill(seed);
}

export function idempotencyKeysSuite(name: string, open: () => Promise<KeysWorld>): void {
  describe(`${name}: IdempotencyKeys`, () => {
    let world: KeysWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    repeats(() => world);
    takeovers(() => world);
    ages(() => world);
    answers(() => world);
    races(() => world);

    test("what is begun and what is finished outlive their process, which nobody is at any more", async () => {
      await world.keys.begin(tenant, "begun", request, "u1");
      await world.keys.begin(tenant, "finished", request, "u2");
      await world.keys.finish(tenant, "finished", answer);
      if (world.reopen === undefined) return; // Skipped: nothing outlives memory, and the bucket outlives all.
      world = await world.reopen();
      const { keys } = world;
      expect(await keys.begin(tenant, "begun", request, "u3")).toEqual(resumed("u1"));
      expect(await keys.begin(tenant, "begun", request, "u4")).toEqual({ kind: "running" });
      expect(answerOf(await keys.begin(tenant, "finished", request, "u5"))).toBe(String(answer));
    });

    test("the clock on the wall is put back: no claim stays young, and no key taken, for as long", async () => {
      if (world.step === undefined) return; // Skipped: no clock of ours counts.
      const { keys, step } = world;
      await keys.begin(tenant, "begun", request, "u1");
      step(-2 * runningMs);
      expect(await keys.begin(tenant, "begun", request, "u2")).toEqual(resumed("u1"));
      step(-keyKeptMs);
      expect(await keys.begin(tenant, "begun", another, "u3")).toEqual({ kind: "new", uid: "u3" });
    });
  });
}

function resumed(uid: string, { isInDoubt = false, partial = nothing } = {}): Beginning {
  return { kind: "resumed", uid, partial, isInDoubt };
}

function answerOf(beginning: Beginning): string {
  return beginning.kind === "finished" ? Buffer.from(beginning.answer).toString() : beginning.kind;
}

function repeats(world: () => KeysWorld): void {
  test("the first is new; a repeat hears that it runs, and then the first answer, at any edge", async () => {
    const { keys, other } = world();
    expect(await keys.begin(tenant, "k", request, "u1")).toEqual({ kind: "new", uid: "u1" });
    expect(await keys.begin(tenant, "k", request, "u2")).toEqual({ kind: "running" });
    expect(await other.begin(tenant, "k", request, "u3")).toEqual({ kind: "running" });
    await keys.finish(tenant, "k", answer);
    for (const edge of [keys, other]) {
      expect(answerOf(await edge.begin(tenant, "k", request, "u4"))).toBe(String(answer));
    }
  });

  test("another request under the key is told so, whatever became of the first", async () => {
    const { keys, other } = world();
    const mismatch: Beginning = { kind: "mismatch" };
    await keys.begin(tenant, "k", request, "u1");
    expect(await keys.begin(tenant, "k", another, "u2")).toEqual(mismatch);
    await keys.release(tenant, "k", nothing);
    expect(await other.begin(tenant, "k", another, "u2")).toEqual(mismatch);
    await keys.finish(tenant, "k", answer);
    expect(await other.begin(tenant, "k", another, "u2")).toEqual(mismatch);
  });

  test("another tenant's key, and one that only looks like it, is another key", async () => {
    const { keys } = world();
    const long = "k".repeat(255);
    const names = [
      [tenant, "k"],
      ["globex", "k"],
      [`${tenant}k`, ""],
      [tenant, " k"],
      [tenant, "K"],
      [tenant, "*"],
      [tenant, "k.>"],
      [tenant, "ключ\u0000"],
      [tenant, long],
      [tenant, `${long}k`],
    ] as const;
    const beginnings = await Promise.all(
      names.map(([whose, key], n) => keys.begin(whose, key, request, `u${n}`)),
    );
    expect(beginnings).toEqual(names.map((_, n) => ({ kind: "new", uid: `u${n}` })));
    const again = await keys.begin(tenant, "ключ\u0000", request, "u");
    expect(again).toEqual({ kind: "running" });
  });
}

function takeovers(world: () => KeysWorld): void {
  test("a claim that grows old without an answer is taken over, under its first id", async () => {
    const { keys, other, pass } = world();
    await keys.begin(tenant, "k", request, "u1");
    await pass(runningMs - secondsMs);
    expect(await other.begin(tenant, "k", request, "u2")).toEqual({ kind: "running" });
    await pass(secondsMs);
    expect(await other.begin(tenant, "k", request, "u2")).toEqual(resumed("u1"));
    // It is young again.
    expect(await keys.begin(tenant, "k", request, "u3")).toEqual({ kind: "running" });
    await pass(runningMs);
    expect(await keys.begin(tenant, "k", request, "u3")).toEqual(resumed("u1"));
    await keys.finish(tenant, "k", answer);
    expect(answerOf(await other.begin(tenant, "k", request, "u4"))).toBe(String(answer));
  });

  test("who gives up lets the next one resume at once", async () => {
    const { keys, other } = world();
    await keys.begin(tenant, "k", request, "u1");
    await keys.release(tenant, "k", nothing);
    await keys.release(tenant, "k", nothing);
    expect(await other.begin(tenant, "k", request, "u2")).toEqual(resumed("u1"));
    expect(await keys.begin(tenant, "k", request, "u3")).toEqual({ kind: "running" });
    await other.finish(tenant, "k", answer);
    await keys.release(tenant, "k", nothing);
    expect(answerOf(await keys.begin(tenant, "k", request, "u4"))).toBe(String(answer));
  });

  test("what was known already is told to whoever resumes, also behind a crash", async () => {
    const { keys, other, pass } = world();
    const [first, second] = [new Uint8Array([1]), new Uint8Array([1, 2])];
    await keys.begin(tenant, "k", request, "u1");
    await keys.release(tenant, "k", first);
    expect(await other.begin(tenant, "k", request, "u2")).toEqual(
      resumed("u1", { partial: first }),
    );
    await pass(runningMs);
    expect(await keys.begin(tenant, "k", request, "u3")).toEqual(resumed("u1", { partial: first }));
    await keys.release(tenant, "k", second);
    expect(await keys.begin(tenant, "k", request, "u4")).toEqual(
      resumed("u1", { partial: second }),
    );
  });

  test("the answer of who was slow counts, when another has taken over", async () => {
    const { keys, other, pass } = world();
    await keys.begin(tenant, "k", request, "u1");
    await pass(runningMs);
    await other.begin(tenant, "k", request, "u2");
    await keys.finish(tenant, "k", answer);
    await other.finish(tenant, "k", Buffer.from("later"));
    expect(answerOf(await other.begin(tenant, "k", request, "u3"))).toBe(String(answer));
  });

  test("what is resumed when the intake may have forgotten its id is in doubt", async () => {
    const { keys, other, knownMs, pass } = world();
    await keys.begin(tenant, "k", request, "u1");
    await pass(runningMs);
    expect(await keys.begin(tenant, "k", request, "u2")).toEqual(resumed("u1"));
    // Counted from the first claim: what landed then is what may be forgotten.
    await pass(knownMs - 2 * runningMs - secondsMs);
    expect(await other.begin(tenant, "k", request, "u3")).toEqual(resumed("u1"));
    await pass(runningMs + secondsMs);
    expect(await other.begin(tenant, "k", request, "u4")).toEqual(
      resumed("u1", { isInDoubt: true }),
    );
  });

  test("what was given up is as old as its first claim", async () => {
    const { keys, other, knownMs, pass } = world();
    await keys.begin(tenant, "k", request, "u1");
    await pass(knownMs / 2);
    await keys.release(tenant, "k", nothing);
    expect(await other.begin(tenant, "k", request, "u2")).toEqual(resumed("u1"));
    await other.release(tenant, "k", nothing);
    await pass(knownMs / 2 - runningMs / 2);
    expect(await keys.begin(tenant, "k", request, "u3")).toEqual(
      resumed("u1", { isInDoubt: true }),
    );
  });
}

function ages(world: () => KeysWorld): void {
  test("a day after its answer the key is free for any request", async () => {
    const { keys, other, pass } = world();
    await keys.begin(tenant, "k", request, "u1");
    await keys.finish(tenant, "k", answer);
    await pass(keyKeptMs - secondsMs);
    expect(answerOf(await other.begin(tenant, "k", request, "u2"))).toBe(String(answer));
    await pass(secondsMs);
    expect(await other.begin(tenant, "k", another, "u3")).toEqual({ kind: "new", uid: "u3" });
    expect(await keys.begin(tenant, "k", another, "u4")).toEqual({ kind: "running" });
  });

  test("a day after a claim that was never finished, too", async () => {
    const { keys, pass } = world();
    await keys.begin(tenant, "k", request, "u1");
    await pass(keyKeptMs);
    expect(await keys.begin(tenant, "k", another, "u2")).toEqual({ kind: "new", uid: "u2" });
  });
}

function answers(world: () => KeysWorld): void {
  test("the first answer stands", async () => {
    const { keys, other } = world();
    await keys.begin(tenant, "k", request, "u1");
    await keys.finish(tenant, "k", answer);
    await other.finish(tenant, "k", Buffer.from("another"));
    await keys.finish(tenant, "k", answer);
    expect(answerOf(await keys.begin(tenant, "k", request, "u2"))).toBe(String(answer));
  });

  test("an answer, or a release, without a claim is nothing", async () => {
    const { keys } = world();
    await keys.finish(tenant, "k", answer);
    await keys.release(tenant, "k", nothing);
    expect(await keys.begin(tenant, "k", request, "u1")).toEqual({ kind: "new", uid: "u1" });
  });

  test.each([0, 1, answerBytesMax])("an answer of %p octets comes back as it was", async (size) => {
    const { keys, other } = world();
    // Bytes that nothing makes smaller.
    const bytes = new Uint8Array(size);
    for (let i = 0, seed = 7; i < size; i++, seed = (seed * 48_271) % 2_147_483_647) {
      bytes[i] = seed & 0xff;
    }
    await keys.begin(tenant, "k", request, "u1");
    await keys.finish(tenant, "k", bytes);
    const again = await other.begin(tenant, "k", request, "u2");
    expect(again.kind).toBe("finished");
    if (again.kind === "finished") expect(Buffer.compare(again.answer, bytes)).toBe(0);
  });

  test("a larger one is a fault of whoever gives it", async () => {
    const { keys } = world();
    await keys.begin(tenant, "k", request, "u1");
    const large = new Uint8Array(answerBytesMax + 1);
    for (const give of [keys.finish, keys.release]) {
      const failed = await failureOf((async () => give.call(keys, tenant, "k", large))());
      expect(String(failed)).toContain("bounds its recipients");
    }
  });
}

function races(world: () => KeysWorld): void {
  const crowd = Array.from({ length: 50 }, (_, n) => `u${n}`);

  async function kindsOf(begin: (uid: string, n: number) => Promise<Beginning>) {
    const beginnings = await Promise.all(crowd.map(begin));
    return {
      won: beginnings.filter(({ kind }) => kind === "new" || kind === "resumed"),
      running: beginnings.filter(({ kind }) => kind === "running").length,
    };
  }

  test("of fifty that begin with one key at once, one is new; and one takes it over", async () => {
    const { keys, other, pass } = world();
    const begin = (uid: string, n: number) =>
      (n % 2 === 0 ? keys : other).begin(tenant, "k", request, uid);
    const first = await kindsOf(begin);
    expect([first.won.map(({ kind }) => kind), first.running]).toEqual([["new"], 49]);
    await pass(runningMs);
    const second = await kindsOf((uid, n) => begin(`${uid}-again`, n));
    expect([second.won.map(({ kind }) => kind), second.running]).toEqual([["resumed"], 49]);
    const [one, two] = [first.won[0], second.won[0]];
    expect(two).toEqual(one?.kind === "new" ? resumed(one.uid) : undefined);
  });

  test("of fifty with other requests one is new, and the others hear of it", async () => {
    const { keys, other } = world();
    const beginnings = await Promise.all(
      crowd.map((uid, n) => (n % 2 === 0 ? keys : other).begin(tenant, "k", fingerprint(n), uid)),
    );
    expect(beginnings.filter(({ kind }) => kind === "new")).toHaveLength(1);
    expect(beginnings.filter(({ kind }) => kind === "mismatch")).toHaveLength(49);
  });
}
