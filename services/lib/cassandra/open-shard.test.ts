import { expect, test } from "bun:test";
import type { Client, types } from "cassandra-driver";
import type { Epoch } from "#lib/leases/leases";
import { StoreUnavailable } from "#lib/store/store";
import { failureOf } from "../../../test/support/failure.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { shard } from "../../../test/support/records.ts";
import { Requests } from "./driver/requests.ts";
import { OpenShards } from "./open-shard.ts";

const none = { rows: [] } as unknown as types.ResultSet;

test("a slow opening does not take the place of one that was asked for later", async () => {
  const cursors: (() => void)[] = [];
  const execute: Client["execute"] = (query: string) => {
    if (!query.includes("wheel_low")) return Promise.resolve(none);
    return new Promise((resolve) => cursors.push(() => resolve(none)));
  };
  const clock = new ManualClock();
  const requests = new Requests({ client: { execute, batch: async () => none } }, clock);
  const shards = new OpenShards({ requests, clock });
  const [zero, one] = [shard(0), shard(1)];
  const lost = shards.open(zero, 5 as Epoch);
  const other = shards.open(one, 6 as Epoch);
  const successor = shards.open(zero, 7 as Epoch);
  for (const answer of cursors.slice(1)) answer();
  await successor;
  expect(shards.get(zero).epoch).toBe(7);
  cursors[0]?.();
  expect(await failureOf(lost)).toBeInstanceOf(StoreUnavailable);
  expect(shards.get(zero).epoch).toBe(7);
  await other;
  expect(shards.get(one).epoch).toBe(6);
});
