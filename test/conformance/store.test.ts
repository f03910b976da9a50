import { MemoryStore } from "#lib/store/memory";
import { ManualClock } from "../support/manual-clock.ts";
import { type TemporaryQueue, temporaryQueue } from "./embedded.ts";
import { type StoreWorld, storeSuite } from "./store.ts";

storeSuite("memory", async () => ({
  store: new MemoryStore({ clock: new ManualClock() }),
  close: async () => {},
}));

storeSuite("embedded", async () => storeWorld(await temporaryQueue()));

function storeWorld({ queue, reopen, close }: TemporaryQueue): StoreWorld {
  return { store: queue.store, close, reopen: async () => storeWorld(await reopen()) };
}
