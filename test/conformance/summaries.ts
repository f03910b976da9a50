/** What every inhabitant of Summaries does. */
import { expect, test } from "bun:test";
import type { Summaries } from "#lib/leases/summaries";
import { shard } from "../support/records.ts";

export function summariesConformance(open: () => Promise<Summaries>): void {
  test("tells what was told last, of the shards that are asked for", async () => {
    const summaries = await open();
    await summaries.tell(shard(1), { at: 1, summary: { destinations: [] } });
    await summaries.tell(shard(1), { at: 2, summary: { destinations: ["a.example"] } });
    await summaries.tell(shard(2), { at: 3, summary: {} });
    const last = await summaries.last([shard(0), shard(1)]);
    expect([...last]).toEqual([[shard(1), { at: 2, summary: { destinations: ["a.example"] } }]]);
  });

  test("knows nothing of who never told", async () => {
    const summaries = await open();
    expect(await summaries.last([])).toEqual(new Map());
    expect(await summaries.last([shard(7)])).toEqual(new Map());
  });
}
