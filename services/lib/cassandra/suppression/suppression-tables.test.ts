import { describe, expect, test } from "bun:test";
import { parseSuppressionKey, type Suppression } from "#lib/suppression/suppression";
import { SuppressionRows } from "../../../../test/support/cassandra/suppression-rows.ts";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { Requests } from "../driver/requests.ts";
import { SuppressionTables } from "./suppression-tables.ts";

const minute = 60_000;
const hour = 60 * minute;

function world() {
  const rows = new SuppressionRows();
  const clock = new ManualClock();
  /** Another node's, with a clock of its own. */
  const tables = (own: ManualClock) => new SuppressionTables(new Requests(rows, own), own);
  return { rows, clock, tables };
}

function entry(text: string, rest: Partial<Suppression> = {}): Suppression {
  const key = parseSuppressionKey(text);
  if (key === undefined) throw new Error(`no key: ${text}`);
  return { key, reason: "by-hand", at: 1, ...rest };
}

const joe = entry("joe@a.example", { tenant: "acme" });

describe("the newest word counts", () => {
  test("though the clock of who says it is behind", async () => {
    const { clock, tables } = world();
    const late = new ManualClock(clock.now() - 5_000);
    await tables(clock).put([joe]);
    await tables(late).lift([joe]);
    expect(await tables(clock).find([joe])).toEqual([]);
    await tables(late).put([{ ...joe, reason: "complaint" }]);
    expect(await tables(clock).find([joe])).toMatchObject([{ reason: "complaint" }]);
  });
});

test("tenants are told without everybody, and as many as asked for", async () => {
  const { clock, tables } = world();
  for (const tenant of ["blue", "acme"]) await tables(clock).put([{ ...joe, tenant }]);
  await tables(clock).put([entry("a.example")]);
  expect(await tables(clock).tenants(9)).toEqual(["acme", "blue"]);
  expect(await tables(clock).tenants(1)).toEqual(["acme"]);
});

describe("news", () => {
  const keysOf = (entries: readonly { key: string }[]) => entries.map(({ key }) => key);

  test("are told across minutes, from before the last look on", async () => {
    const { clock, tables } = world();
    const list = tables(clock);
    const { next } = await list.news();
    for (let n = 0; n < 4; n++) {
      await list.put([entry(`u${n}@a.example`)]);
      clock.advance(minute);
    }
    const { entries, isWhole } = await list.news(next);
    expect(isWhole).toBe(true);
    expect(keysOf(entries)).toEqual([0, 1, 2, 3].map((n) => `u${n}@a.example`));
  });

  test.each([-15_000, 15_000])(
    "of a node whose clock is %i ms off are told, too",
    async (offMs) => {
      const { clock, tables } = world();
      const list = tables(clock);
      const { next } = await list.news();
      await tables(new ManualClock(clock.now() + offMs)).put([joe]);
      expect(keysOf((await list.news(next)).entries)).toEqual(["joe@a.example"]);
    },
  );

  test("of long ago cannot be told whole", async () => {
    const { clock, tables } = world();
    const list = tables(clock);
    const { next } = await list.news();
    clock.advance(hour);
    expect((await list.news(next)).isWhole).toBe(true);
    clock.advance(2 * hour);
    expect(await list.news(next)).toMatchObject({ isWhole: false, entries: [] });
    expect((await list.news("nonsense")).isWhole).toBe(false);
  });

  test("say for how long, and for whom", async () => {
    const { clock, tables } = world();
    const list = tables(clock);
    const { next } = await list.news();
    const expiresAt = clock.now() + hour;
    await list.put([{ ...joe, expiresAt }, entry("b.example")]);
    const { key } = entry("b.example");
    expect((await list.news(next)).entries).toEqual([
      { key: joe.key, tenant: "acme", expiresAt },
      { key },
    ]);
  });
});

test("a tenant is written down once", async () => {
  const { rows, clock, tables } = world();
  const list = tables(clock);
  for (const name of ["a", "b", "c"])
    await list.put([entry(`${name}@a.example`, { tenant: "acme" })]);
  expect(rows.tenants).toEqual(["acme"]);
});
