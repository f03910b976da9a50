import { expect, test } from "bun:test";
import { type QueueId, uidOf } from "#lib/queue/unit";
import { VirtualClock } from "#lib/virtual-clock";
import { MemoryStoreState } from "./memory-state.ts";

test("content stays while another unit of its message is about to be written", () => {
  const id = "01HF7YECRY2EKH4QRCJYHDDJY3" as QueueId;
  const state = new MemoryStoreState(new VirtualClock());
  state.needContent(uidOf(id, 0));
  state.putContent(id, new Uint8Array(3));
  state.needContent(uidOf(id, 1));
  state.finish(uidOf(id, 0));
  expect(state.content(id)).toHaveLength(3);
  state.finish(uidOf(id, 1));
  expect(state.content(id)).toBeUndefined();
});
