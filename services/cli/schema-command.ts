/** `godwit schema apply`: makes what the cluster stands on, and says what it changed. */
import { type Command, Option } from "commander";
import { firstUser, rolesUser } from "#lib/cassandra/users/statements";
import type { Config } from "#lib/config/config";
import { type RoleName, serversOf } from "#lib/config/role";
import { authorizationText } from "#lib/nats/permissions";
import type { ServerReport } from "#lib/role/cluster/schema";
import { clusterNames } from "#proto/subjects";
import { configured } from "./configuration.ts";
import { CommandFailed, type Io } from "./io.ts";
import type { Roles } from "./roles.ts";
import { jsonText, printable } from "./table.ts";

interface ApplyOptions {
  readonly config?: string;
  readonly check?: boolean;
  readonly wait?: boolean;
  readonly role?: RoleName;
  readonly cassandraUsers?: boolean;
  readonly json?: boolean;
}

export function addSchemaCommand(program: Command, io: Io, roles: Roles): void {
  const schema = program
    .command("schema")
    .description("streams and buckets in NATS, tables in Cassandra");
  schema
    .command("apply")
    .description("make them, and change what can be changed without a loss; safe to repeat")
    .option("-c, --config <file>", "the configuration (default: godwit.yaml)")
    .option("--check", "change nothing; exit code 1 when something differs")
    .option("--wait", "with --check: until a role can start, or for five minutes")
    .addOption(checkedRole)
    .option("--cassandra-users", usersHelp)
    .option("--json", "print JSON")
    .action(async (options: ApplyOptions) => {
      const { role = "delivery" } = options;
      const { config } = configured(io, options.config, role);
      const isCheck = options.check === true;
      if (options.wait && !isCheck) throw new CommandFailed("--wait goes with --check", 2);
      if (options.role && !isCheck) throw new CommandFailed("--role goes with --check", 2);
      const reports = await roles.schema(config, {
        isCheck,
        waits: options.wait === true,
        servers: serversOf(role),
        ...(options.cassandraUsers ? rolesPassword(io, config, isCheck) : {}),
        told: (line) => io.err(`${printable(line)}\n`),
      });
      io.out(options.json ? jsonText({ reports }) : reports.map(textOf(isCheck)).join(""));
      const refused = reports.flatMap(({ refusals }) => refusals);
      const differing = isCheck ? reports.flatMap(({ changes }) => changes) : [];
      if (refused.length > 0) {
        throw new CommandFailed("Not all is as it should be: what was refused would lose mail");
      }
      if (differing.length > 0) throw new CommandFailed("To change it: godwit schema apply");
    });
  schema
    .command("nats-users")
    .description("print users for each role, and what each may do, for the servers' configuration")
    .option("-c, --config <file>", "the configuration (default: godwit.yaml)")
    .action(({ config: file }: Pick<ApplyOptions, "config">) => {
      const { nats, shards } = configured(io, file, "delivery").config;
      if (nats === undefined) throw new CommandFailed("nats is not configured", 2);
      io.out(authorizationText({ names: clusterNames(nats.namespace), shards }));
    });
}

const checkedRole = new Option(
  "--role <role>",
  "with --check: what this role needs, with its configuration and rights",
).choices(["edge", "delivery", "control"]);

const passwordVariable = "GODWIT_CASSANDRA_PASSWORD";
const usersHelp = `of a Cassandra that is ours alone, make also the configured user, in the place of \`cassandra\`, and \`godwit\` for the roles: its password in ${passwordVariable}`;

/** @throws {CommandFailed} when something is missing for that */
function rolesPassword({ environment }: Io, { cassandra }: Config, isCheck: boolean) {
  if (isCheck) throw new CommandFailed("--cassandra-users does not go with --check", 2);
  const password = environment[passwordVariable] ?? "";
  if (password === "") throw new CommandFailed(`${passwordVariable} is not set`, 2);
  const names: readonly unknown[] = [undefined, firstUser, rolesUser];
  if (names.includes(cassandra?.username) || cassandra?.password === undefined) {
    const needed = `a cassandra.username that is neither ${firstUser} nor ${rolesUser}, and a password`;
    throw new CommandFailed(`--cassandra-users needs ${needed}`, 2);
  }
  return { rolesPassword: password };
}

function textOf(isCheck: boolean) {
  return ({ server, changes, refusals }: ServerReport): string => {
    const nothing = `${server}: all is as it should be`;
    if (changes.length + refusals.length === 0) return `${nothing}\n`;
    const did = isCheck ? "differs" : "done";
    const lines = [
      ...changes.map((change) => `${server}: ${did}: ${change}`),
      ...refusals.map((refusal) => `${server}: refused: ${refusal}`),
    ];
    return lines.map((line) => `${printable(line)}\n`).join("");
  };
}
