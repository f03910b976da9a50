/** What is said to Cassandra about users, and their names. */

/** Of every new server. */
export const firstUser = "cassandra";
/** Of the roles. */
export const rolesUser = "godwit";
const rights = ["SELECT", "MODIFY"];

export interface Login {
  readonly username: string;
  readonly password: string;
}

export function superuserStatement({ username, password }: Login): string {
  const options = `SUPERUSER = true AND LOGIN = true AND PASSWORD = ${quoted(password)}`;
  return `CREATE ROLE IF NOT EXISTS "${username.replaceAll('"', '""')}" WITH ${options}`;
}

/** Not dropped: a server without any role would make it again. */
export const closingStatement = `ALTER ROLE ${firstUser} WITH SUPERUSER = false AND LOGIN = false`;

/** Of the roles' user, which cannot log in yet: what was refused once is remembered for seconds. */
export function rightsStatements(keyspace: string): string[] {
  return [
    `CREATE ROLE IF NOT EXISTS ${rolesUser}`,
    ...rights.map((right) => `GRANT ${right} ON KEYSPACE ${keyspace} TO ${rolesUser}`),
  ];
}

export function loginStatement(password: string): string {
  return `ALTER ROLE ${rolesUser} WITH LOGIN = true AND PASSWORD = ${quoted(password)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
