/** No server at all: the source talks to the sink, which is the most that can be measured here. */
import type { Contestant } from "./contestant.ts";

export const ceiling: Contestant = {
  name: "ceiling",
  idleMax: Number.POSITIVE_INFINITY,
  missing: async () => undefined,
  async start({ up }) {
    return { endpoint: up, roles: () => ({}), log: async () => "", stop: async () => {} };
  },
};
