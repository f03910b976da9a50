import { expect, test } from "bun:test";
import { loginStatement, rightsStatements, superuserStatement } from "./statements.ts";

test("quotes in names and passwords are text", () => {
  expect(superuserStatement({ username: 'a"b', password: "it's" })).toBe(
    `CREATE ROLE IF NOT EXISTS "a""b" WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = 'it''s'`,
  );
});

test("the roles' user may read and write, and do nothing else", () => {
  expect(rightsStatements("mail")).toEqual([
    "CREATE ROLE IF NOT EXISTS godwit",
    "GRANT SELECT ON KEYSPACE mail TO godwit",
    "GRANT MODIFY ON KEYSPACE mail TO godwit",
  ]);
  expect(loginStatement("p'w")).toBe("ALTER ROLE godwit WITH LOGIN = true AND PASSWORD = 'p''w'");
});
