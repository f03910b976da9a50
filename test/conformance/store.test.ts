import { MemoryStore } from "#lib/store/memory";
import { ManualClock } from "../support/manual-clock.ts";
import { storeSuite } from "./store.ts";

storeSuite("memory", async () => ({
  store: new MemoryStore({ clock: new ManualClock() }),
  close: async () => {},
}));
