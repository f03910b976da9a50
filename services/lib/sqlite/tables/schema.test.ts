import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
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
