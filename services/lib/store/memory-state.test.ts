import { expect, test } from "bun:test";
import { nextEpoch } from "#lib/leases/leases";
import { type QueueId, uidOf } from "#lib/queue/unit";
import { VirtualClock } from "#lib/virtual-clock";
import { deferredOf, newUnit } from "../../../test/conformance/fixtures.ts";
import { shard } from "../../../test/support/records.ts";
import { MemoryStoreState } from "./memory-state.ts";

test("content stays while another unit of its message is about to be written", () => {
  const id = "01HF7YECRY2EKH4QRCJYHDDJY3" as QueueId;
  const state = new MemoryStoreState(new VirtualClock());
  state.needContent(uidOf(id, 0));
  state.putContent(id, new Uint8Array(3));
  state.needContent(uidOf(id, 1));
  state.finish(undefined, uidOf(id, 0));
  expect(state.content(id)).toHaveLength(3);
  state.finish(undefined, uidOf(id, 1));
  expect(state.content(id)).toBeUndefined();
});

test("what a former owner writes late changes no row of a later one", () => {
  const state = new MemoryStoreState(new VirtualClock());
  const deferred = deferredOf(newUnit(), { kind: "backlog" });
  const { uid } = deferred.unit;
  const first = nextEpoch(undefined);
  const second = nextEpoch(first);
  state.putUnit({ shard: shard(0), epoch: second }, deferred);
  state.finish(first, uid);
  expect(state.find(uid)?.state).toBe("waiting");
  state.finish(second, uid);
  state.putUnit({ shard: shard(0), epoch: first }, deferred);
  expect(state.find(uid)?.state).toBe("finished");
});
