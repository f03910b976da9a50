/**
 * Users of a Cassandra that is Godwit's alone: ours in the place of the one that new servers come
 * with, whose password everybody knows; and the roles', which may read and write and no more.
 */
import type { Client, types } from "cassandra-driver";
import { StoreUnavailable } from "#lib/store/store";
import type { CassandraOptions } from "../driver/connection.ts";
import { isLoginRefused } from "../driver/failure.ts";
import { withClient } from "../driver/visit.ts";
import {
  closingStatement,
  firstUser,
  type Login,
  loginStatement,
  rightsStatements,
  rolesUser,
  superuserStatement,
} from "./statements.ts";

/** What a new server lets in. */
const firstLogin = { username: firstUser, password: "cassandra" };

type Options = CassandraOptions;

/**
 * Where the configured login is refused it is made, with that of new servers; then that one's is taken
 * away. Idempotent. @returns what it changed @throws {StoreUnavailable}
 */
export async function claimLogin(options: Options): Promise<readonly string[]> {
  const { credentials } = options;
  if (credentials === undefined || credentials.username === firstUser) {
    throw new Error("Cannot make a user of our own: cassandra.username names none");
  }
  const changes: string[] = [];
  if (!(await letsIn(options, credentials))) {
    await withClient({ ...options, credentials: firstLogin }, (client) =>
      changed(client, superuserStatement(credentials)),
    );
    changes.push(`made the user ${credentials.username}`);
  }
  await withClient(options, async (client) => {
    const query = "SELECT can_login FROM system_auth.roles WHERE role = ?";
    const row: types.Row | null = (await client.execute(query, [firstUser])).first();
    if (row?.can_login !== true) return;
    await changed(client, closingStatement);
    changes.push(`took the login of the user ${firstUser} away`);
  });
  return changes;
}

/** After the tables are there. Idempotent. @returns what it changed @throws {StoreUnavailable} */
export async function makeRolesUser(
  options: Options,
  password: string,
): Promise<readonly string[]> {
  const isThere = await letsIn(options, { username: rolesUser, password });
  await withClient(options, async (client) => {
    // Also of one that is there: a keyspace that was made anew has no rights of before.
    const statements = rightsStatements(options.keyspace);
    if (!isThere) statements.push(loginStatement(password));
    for (const statement of statements) await changed(client, statement);
  });
  if (isThere) return [];
  return [`made the user ${rolesUser}, who may read and write ${options.keyspace}`];
}

/** @throws {StoreUnavailable} for any other reason than a refused login */
async function letsIn(options: Options, credentials: Login): Promise<boolean> {
  try {
    await withClient({ ...options, credentials }, async () => {});
    return true;
  } catch (error) {
    if (error instanceof StoreUnavailable && isLoginRefused(error.cause)) return false;
    throw error;
  }
}

async function changed(client: Client, statement: string): Promise<void> {
  await client.execute(statement, [], { prepare: false });
}
