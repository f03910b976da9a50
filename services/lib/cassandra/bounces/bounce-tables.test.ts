import { beforeEach, describe, expect, test } from "bun:test";
import type { Bounce } from "#lib/bounces/bounce";
import { readBounceRecord } from "#lib/bounces/bounce-record";
import { uidOf } from "#lib/queue/unit";
import { bounceOf } from "../../../../test/support/bounces.ts";
import { MemoryTables } from "../../../../test/support/cassandra/memory-tables.ts";
import { failureOf } from "../../../../test/support/failure.ts";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { Requests } from "../driver/requests.ts";
import { BounceTables } from "./bounce-tables.ts";

const dayMs = 86_400_000;
const clock = new ManualClock();
const tenant = "acme";
const bounces = [0, 1, 2].map((n) =>
  bounceOf({ uid: uidOf(bounceOf({}).uid.slice(0, 26) as never, n), tenant, campaign: "spring" }),
);

let tables: MemoryTables;
let writer: BounceTables;

beforeEach(() => {
  tables = new MemoryTables();
  writer = anotherWriter();
});

function anotherWriter(): BounceTables {
  const requests = new Requests(tables.connected(), clock);
  return new BounceTables({ requests, keptMs: 30 * dayMs });
}

async function counted(): Promise<number> {
  const counts = await writer.counts({ tenant });
  return counts.reduce((sum, { count }) => sum + count, 0);
}

/** Each row of a table, as it was recorded. */
function recordedIn(table: string): readonly Bounce[] {
  return tables.rows(table).map(({ record }) => readBounceRecord(String(record)));
}

const found = [
  "bounce_by_recipient",
  "bounce",
  "bounce_by_destination",
  "bounce_by_tenant",
] as const;

describe("an answer that is lost", () => {
  test.each(["bounce_of_message", ...found, "bounce_by_campaign", "bounce_count", "bounce_day"])(
    "of %s doubles nothing, and nothing is left out",
    async (table) => {
      for (const fate of ["lost", "undone"] as const) {
        let times = 2;
        tables.fate = (written) => (written === table && times-- > 0 ? fate : "done");
        for (let n = 0; n < 2; n++) await writer.record(bounces).catch(() => undefined);
        await writer.record(bounces);
        await writer.record(bounces);
        expect(await counted()).toBe(3);
        for (const name of found) expect(recordedIn(name)).toHaveLength(3);
      }
    },
  );
});

test("who comes after a crash keeps the time and words of the first, and counts nothing again", async () => {
  await writer.record(bounces);
  const late = bounces.map((it) => ({ ...it, at: it.at + dayMs, text: "later" }));
  await anotherWriter().record(late);
  expect(await counted()).toBe(3);
  for (const table of found) {
    expect(recordedIn(table)).toEqual(expect.arrayContaining(bounces));
    expect(recordedIn(table)).toHaveLength(3);
  }
});

test("a crash between a record and the rest leaves it to be found by who comes after", async () => {
  tables.fate = (table) => (/^bounce(_by_\w+)?$/.test(table) ? "undone" : "done");
  await failureOf(writer.record(bounces));
  expect(recordedIn("bounce")).toEqual([]);
  tables.fate = () => "done";
  await anotherWriter().record(bounces.map((it) => ({ ...it, at: it.at + dayMs })));
  expect(recordedIn("bounce")).toEqual(expect.arrayContaining(bounces));
});

test("several writers count each its own, and their sums are one", async () => {
  const writers = [writer, anotherWriter(), anotherWriter()];
  await Promise.all(writers.map((it, n) => it.record(bounces.slice(n, n + 1))));
  expect(await counted()).toBe(3);
  const own = tables.rows("bounce_count").filter(({ scope }) => scope === "tenant");
  expect(own.map(({ amount }) => amount)).toEqual([1, 1, 1]);
});

test("calls at once share their summaries' writes", async () => {
  let summaries = 0;
  tables.fate = (table) => {
    if (table === "bounce_count") summaries += 1;
    return "done";
  };
  const many = Array.from({ length: 200 }, (_, n) => bounceOf({ path: `b${n}@example.com` }));
  await Promise.all(many.map((it) => writer.record([it])));
  // Two rows to a flush, of all and of the destination; not two to a bounce.
  expect(summaries).toBeLessThan(40);
  const [count] = await writer.counts({});
  expect(count?.count).toBe(200);
});

test("every row has its lifetime", async () => {
  const seen = new Set<unknown>();
  const requests = new Requests(
    {
      client: Object.assign(Object.create(null), {
        execute: async (query: string, params: readonly unknown[]) => {
          if (query.startsWith("INSERT")) {
            expect(query).toEndWith("USING TTL ?");
            seen.add(params.at(-1));
          }
          return { rows: [] };
        },
        batch: async (all: readonly { query: string; params: readonly unknown[] }[]) => {
          for (const { params } of all) seen.add(params.at(-1));
        },
      }),
    },
    clock,
  );
  await new BounceTables({ requests, keptMs: 2 * dayMs }).record(bounces);
  expect([...seen].sort()).toEqual([172_800, 259_200, 345_600]);
});
