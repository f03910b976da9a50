import { describe, expect, test } from "bun:test";
import { type Client, errors, types } from "cassandra-driver";
import { StoreUnavailable, storeCallMsMax } from "#lib/store/store";
import { failureOf } from "../../../../test/support/failure.ts";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { batchRowsMax, Requests, requestsMax } from "./requests.ts";

const statement = { query: "SELECT", params: [] };
const timeout = new errors.OperationTimedOutError("late");
const invalid = new errors.ResponseError(types.responseErrorCodes.invalid, "no such table");

/** A client whose answers a test gives. */
class ScriptedClient {
  readonly asked: { readonly answer: (error?: Error) => void; readonly rows: number }[] = [];
  readonly execute: Client["execute"] = () => this.#ask(1);
  readonly batch: Client["batch"] = (queries: readonly unknown[]) => this.#ask(queries.length);

  #ask(rows: number): Promise<types.ResultSet> {
    const { promise, resolve, reject } = Promise.withResolvers<types.ResultSet>();
    const result = { rows: [] } as unknown as types.ResultSet;
    this.asked.push({ rows, answer: (error) => (error ? reject(error) : resolve(result)) });
    return promise;
  }
}

function world() {
  const client = new ScriptedClient();
  const clock = new ManualClock();
  const requests = new Requests({ client }, clock);
  const read = () => requests.read(requests.callTime(), statement);
  return { client, clock, requests, read };
}

/** Lets what was answered go on. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
}

test("so many requests run at once, and the others in turn", async () => {
  const { client, read } = world();
  const all = Promise.all(Array.from({ length: requestsMax + 2 }, read));
  await settled();
  expect(client.asked).toHaveLength(requestsMax);
  client.asked[0]?.answer();
  await settled();
  expect(client.asked).toHaveLength(requestsMax + 1);
  for (let n = 1; n < client.asked.length; n++) {
    client.asked[n]?.answer();
    await settled();
  }
  await all;
});

describe("a request that fails", () => {
  test("is repeated when a node may be the reason, three times in all", async () => {
    const { client, read } = world();
    const failure = failureOf(read());
    for (const n of [0, 1, 2]) {
      await settled();
      client.asked[n]?.answer(timeout);
    }
    expect(await failure).toBeInstanceOf(StoreUnavailable);
    expect(client.asked).toHaveLength(3);
  });

  test("succeeds by the second try", async () => {
    const { client, read } = world();
    const reading = read();
    await settled();
    client.asked[0]?.answer(timeout);
    await settled();
    client.asked[1]?.answer();
    expect(await reading).toEqual([]);
  });

  test("is not repeated when every node would say the same", async () => {
    const { client, read } = world();
    const failure = failureOf(read());
    await settled();
    client.asked[0]?.answer(invalid);
    expect(await failure).toMatchObject({ name: "StoreUnavailable", cause: invalid });
    expect(client.asked).toHaveLength(1);
  });

  test("is not begun again when its call has taken too long", async () => {
    const { client, clock, read } = world();
    const failure = failureOf(read());
    await settled();
    clock.advance(storeCallMsMax + 1);
    client.asked[0]?.answer(timeout);
    expect(String(await failure)).toContain("took too long");
    expect(client.asked).toHaveLength(1);
  });
});

describe("a write", () => {
  const rows = (count: number) => ({ statements: Array.from({ length: count }, () => statement) });

  test("goes in batches of one partition each", async () => {
    const { client, requests } = world();
    const writing = requests.write(requests.callTime(), [rows(batchRowsMax + 2), rows(1)]);
    await settled();
    expect(client.asked.map((it) => it.rows)).toEqual([batchRowsMax, 2, 1]);
    for (const { answer } of client.asked) answer();
    await writing;
  });

  test("fails only when all of it has ended: nothing of it comes behind its answer", async () => {
    const { client, requests } = world();
    let isOver = false;
    const writing = failureOf(requests.write(requests.callTime(), [rows(1), rows(1)])).finally(
      () => {
        isOver = true;
      },
    );
    await settled();
    client.asked[0]?.answer(invalid);
    await settled();
    expect(isOver).toBe(false);
    client.asked[1]?.answer();
    expect(await writing).toBeInstanceOf(StoreUnavailable);
  });
});

test("each try is told by itself, with what it took and whether it was done", async () => {
  const client = new ScriptedClient();
  const clock = new ManualClock();
  const told: unknown[] = [];
  const requests = new Requests({ client }, clock, (...tried) => void told.push(tried));
  const reading = requests.read(requests.callTime(), statement);
  await settled();
  clock.advance(30);
  client.asked[0]?.answer(timeout);
  await settled();
  clock.advance(5);
  client.asked[1]?.answer();
  await reading;
  expect(told).toEqual([
    [30, false],
    [5, true],
  ]);
});
