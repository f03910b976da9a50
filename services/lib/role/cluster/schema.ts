/** Makes or checks what a cluster stands on, for `godwit schema apply`. */
import { applyTables, checkTables, type TablesOptions } from "#lib/cassandra/schema";
import { claimLogin, makeRolesUser } from "#lib/cassandra/users/users";
import type { Clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import type { Server } from "#lib/config/role";
import { connectNats } from "#lib/nats/connection";
import { applyStreams, checkLogs, checkStreams } from "#lib/nats/streams";
import type { SchemaReport } from "#lib/schema-report";
import { silentLog } from "#lib/telemetry/log";
import { persistently } from "../persistently.ts";
import { natsOptionsOf, tablesOptionsOf, wantedStreamsOf } from "./cluster-options.ts";
import { natsReason } from "./nats-reason.ts";

export interface SchemaPorts {
  readonly clock: Clock;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  readonly isCheck: boolean;
  /** A check waits until somebody else has made what is missing. */
  readonly waits: boolean;
  readonly servers: readonly Server[];
  /** Makes the users of Cassandra, too; this is the password of the roles' one. */
  readonly rolesPassword?: string;
  /** Hears why it waits. */
  readonly told: (line: string) => void;
}

export interface ServerReport extends SchemaReport {
  readonly server: "NATS" | "Cassandra";
}

/** Waits for servers that are away: who installs a cluster starts everything at once. */
export async function settleSchema(
  config: Config,
  ports: SchemaPorts,
): Promise<readonly ServerReport[]> {
  const settlers = { nats: settleStreams, cassandra: settleTables };
  const reports: ServerReport[] = [];
  for (const server of ports.servers) reports.push(await settlers[server](config, ports));
  return reports;
}

async function settleStreams(config: Config, ports: SchemaPorts): Promise<ServerReport> {
  const { clock, signal, told } = ports;
  const { nats } = config;
  if (nats === undefined) throw new Error("Cannot look at NATS: nats is not configured");
  const onFailed = once(told, (error) =>
    error instanceof SchemaAwaited
      ? `Waiting for NATS: ${error.message}`
      : `Waiting for NATS: ${natsReason(error)}`,
  );
  const options = natsOptionsOf(nats, { name: "godwit schema", clock, log: silentLog });
  const links = await connectNats({ ...options, signal, onFailed });
  try {
    const wanted = wantedStreamsOf(config, nats);
    const check = async () => {
      const { changes, refusals } = await checkStreams(links, wanted);
      // Who waits so that a role may start: one shard whose log went back keeps no role from that.
      const logs = ports.waits ? [] : await checkLogs(links, wanted);
      return { changes: [...changes, ...logs], refusals };
    };
    const settle = ports.isCheck ? check : () => applyStreams(links, wanted);
    const act = settled(settle, ports);
    const report = await persistently(act, { clock, signal, onFailed });
    return { server: "NATS", ...report };
  } finally {
    await links.close();
  }
}

async function settleTables(config: Config, ports: SchemaPorts): Promise<ServerReport> {
  const { clock, signal, told } = ports;
  const { cassandra } = config;
  if (cassandra === undefined) throw new Error("Cannot look at Cassandra: it is not configured");
  const options = tablesOptionsOf(cassandra, { clock, log: silentLog });
  const { rolesPassword } = ports;
  const settle = ports.isCheck
    ? checkTables
    : rolesPassword === undefined
      ? applyTables
      : (options: TablesOptions) => applyWithUsers(options, rolesPassword);
  const onFailed = once(told, (error) =>
    error instanceof Error ? `Waiting for Cassandra: ${error.message}` : String(error),
  );
  const act = settled(() => settle(options), ports);
  const report = await persistently(act, { clock, signal, onFailed });
  return { server: "Cassandra", ...report };
}

async function applyWithUsers(
  options: TablesOptions,
  rolesPassword: string,
): Promise<SchemaReport> {
  const claimed = await claimLogin(options);
  const { changes, refusals } = await applyTables(options);
  const made = await makeRolesUser(options, rolesPassword);
  return { changes: [...claimed, ...changes, ...made], refusals };
}

/** The server is there, and what somebody else makes is not. */
class SchemaAwaited extends Error {
  override readonly name = "SchemaAwaited";
}

/** Who waits takes a difference for a failure. What is refused does not change by waiting. */
function settled(settle: () => Promise<SchemaReport>, { isCheck, waits }: SchemaPorts) {
  return async (): Promise<SchemaReport> => {
    const report = await settle();
    if (!isCheck || !waits || report.changes.length === 0) return report;
    const [first = ""] = report.changes;
    const others = report.changes.length === 1 ? "" : `, and ${report.changes.length - 1} more`;
    throw new SchemaAwaited(`${first}${others}`);
  };
}

/** The same again is told once. */
function once(told: (line: string) => void, textOf: (error: unknown) => string) {
  let last = "";
  return (error: unknown) => {
    const line = textOf(error);
    if (line !== last) told(line);
    last = line;
  };
}
