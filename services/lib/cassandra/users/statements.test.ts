import { expect, test } from "bun:test";
import { rolesUserStatements, superuserStatement } from "./statements.ts";

test("quotes in names and passwords are text", () => {
  expect(superuserStatement({ username: 'a"b', password: "it's" })).toBe(
    `CREATE ROLE IF NOT EXISTS "a""b" WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = 'it''s'`,
  );
});

test("the roles' user has its rights before it can log in, and no others", () => {
  expect(rolesUserStatements("mail", "p'w")).toEqual([
    "CREATE ROLE IF NOT EXISTS godwit",
    "GRANT SELECT ON KEYSPACE mail TO godwit",
    "GRANT MODIFY ON KEYSPACE mail TO godwit",
    "ALTER ROLE godwit WITH LOGIN = true AND PASSWORD = 'p''w'",
  ]);
});
