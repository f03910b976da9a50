import { expect, test } from "bun:test";
import { streamsState } from "./streams-state.ts";

type Told = Parameters<typeof streamsState>[0][number];

function told(name: string, messages: number, lastSequence: number): Told {
  const config: Partial<Told["config"]> = { name };
  const state: Partial<Told["state"]> = {
    messages,
    bytes: messages * 10,
    last_seq: lastSequence,
    consumer_count: 2,
  };
  return JSON.parse(JSON.stringify({ config, state }));
}

test("streamsState() sums by purpose, and measures each log from its floor", () => {
  const streams = [
    told("Q000", 5, 100),
    told("Q001", 7, 50),
    told("JOURNAL", 20, 20),
    told("KV_mta_shards", 2, 400),
    told("SPLIT", 1, 9),
  ];
  expect(streamsState(streams, [97, 50])).toEqual({
    logs: { messages: 12, bytes: 120 },
    journal: { messages: 20, bytes: 200 },
    others: { messages: 3, bytes: 30 },
    consumers: 10,
    floorLag: 3,
  });
});
