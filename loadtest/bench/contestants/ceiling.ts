/** No server at all: the source talks to the sink, which is the most that can be measured here. */
import { type Contestant, warmUp } from "./contestant.ts";

export const ceiling: Contestant = {
  name: "ceiling",
  durability: "none",
  idleMax: Number.POSITIVE_INFINITY,
  share: 1,
  warmUpMessages: warmUp.compiledLate,
  missing: async () => undefined,
  version: async () => "",
  async start({ up }) {
    return { endpoint: up, roles: () => ({}), log: async () => "", stop: async () => {} };
  },
};
