import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { bounceOf } from "../../../../test/support/bounces.ts";
import { BounceTables } from "./bounce-tables.ts";
import { migrate, steps } from "./schema.ts";

let database: Database;

beforeEach(() => {
  database = new Database(":memory:");
});

afterEach(() => database.close());

/** As a version left it that knew so many steps. */
function madeBy(version: number): void {
  for (const step of steps.slice(0, version)) database.run(step);
  database.run(`PRAGMA user_version = ${version}`);
}

function tables(): unknown {
  return database.query("SELECT name, sql FROM sqlite_schema ORDER BY name").all();
}

test.each(steps.map((_, version) => version))(
  "the tables of version %p become those of a new queue, with what is in them",
  (version) => {
    migrate(database);
    const fresh = tables();
    database.close();
    database = new Database(":memory:");
    madeBy(version);
    if (version > 0) database.run("INSERT INTO hold VALUES ('example.com', 'moving', 7)");
    migrate(database);
    expect(tables()).toEqual(fresh);
    expect(database.query("PRAGMA user_version").get()).toEqual({ user_version: steps.length });
    expect(database.query("SELECT count(*) AS n FROM hold").get()).toEqual({
      n: version > 0 ? 1 : 0,
    });
  },
);

test("bounces of a file from before classes are found and counted, as of no class", () => {
  madeBy(1);
  const failed = bounceOf({ at: 5, tenant: "acme", path: "B@example.com" });
  const expired = bounceOf({ at: 6, status: "5.4.7", path: "c@example.com" });
  for (const { kind: _, class: __, rule: ___, attempt: ____, ...before } of [failed, expired]) {
    const { uid, recipient, at, destination } = before;
    database.run("INSERT INTO bounce VALUES (?, ?, ?, ?, ?)", [
      uid,
      recipient.path,
      at,
      destination,
      JSON.stringify(before),
    ]);
  }
  migrate(database);
  migrate(database);
  const tables = new BounceTables(database);
  const before = { class: "unknown", rule: "none", attempt: 0 } as const;
  const found = [
    { ...failed, ...before },
    { ...expired, ...before, kind: "expired" as const },
  ];
  expect(tables.page({ destination: failed.destination, limit: 9 }).bounces).toEqual(found);
  expect(tables.page({ recipient: "b@EXAMPLE.com", limit: 9 }).bounces).toEqual(found.slice(0, 1));
  expect(tables.page({ tenant: "acme", limit: 9 }).bounces).toEqual(found.slice(0, 1));
  expect(tables.counts({})).toEqual([{ day: 0, class: "unknown", count: 2 }]);
  expect(tables.counts({ tenant: "acme" })).toEqual([{ day: 0, class: "unknown", count: 1 }]);
  // Recorded again after the upgrade: it stands there already.
  tables.record([failed, bounceOf({ at: 7, path: "d@example.com" })]);
  expect(tables.page({ limit: 9 }).bounces).toHaveLength(3);
});
