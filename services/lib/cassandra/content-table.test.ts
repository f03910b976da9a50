import { expect, test } from "bun:test";
import type { Client, types } from "cassandra-driver";
import { queueIdOf } from "#lib/queue/unit";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { nthUid } from "../../../test/support/queued.ts";
import { ContentTable } from "./content-table.ts";
import { Requests } from "./driver/requests.ts";

const none = { rows: [] } as unknown as types.ResultSet;

test("of large contents only so many are in memory at once, and each is written", async () => {
  const inserts: (() => void)[] = [];
  const execute: Client["execute"] = (query: string) => {
    if (query.startsWith("SELECT")) return Promise.resolve(none);
    return new Promise((resolve) => inserts.push(() => resolve(none)));
  };
  const clock = new ManualClock();
  const requests = new Requests({ client: { execute, batch: async () => none } }, clock);
  const table = new ContentTable(requests, clock);
  let asked = 0;
  const content = async () => {
    asked += 1;
    return new Uint8Array(1);
  };
  const done = Promise.all(
    [1, 2, 3].map((n) => {
      const large = {
        id: queueIdOf(nthUid(n)),
        expiresAt: 0,
        sizeBytes: 30 * 1024 * 1024,
        content,
      };
      return table.ensure(requests.callTime(), large);
    }),
  );
  await settled();
  expect([asked, inserts.length]).toEqual([2, 2]);
  inserts[0]?.();
  await settled();
  expect([asked, inserts.length]).toEqual([3, 3]);
  for (const written of inserts) written();
  await done;
});

test("nobody looks whether a small content is there; a large one is not sent twice", async () => {
  const queries: string[] = [];
  const found = { rows: [{ chunks: 2 }] } as unknown as types.ResultSet;
  const execute: Client["execute"] = async (query: string) => {
    queries.push(query.slice(0, 6));
    return found;
  };
  const clock = new ManualClock();
  const requests = new Requests({ client: { execute, batch: async () => none } }, clock);
  const table = new ContentTable(requests, clock);
  const ensure = (n: number, sizeBytes: number) =>
    table.ensure(requests.callTime(), {
      ...{ id: queueIdOf(nthUid(n)), expiresAt: 0, sizeBytes },
      content: async () => new Uint8Array(sizeBytes),
    });
  await ensure(1, 4_096);
  await ensure(2, 400_000);
  await ensure(1, 4_096);
  expect(queries).toEqual(["INSERT", "SELECT"]);
});

/** Lets what was answered go on. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
}
