/** `godwit control` on a real machine: adapters made and wired. */
import { systemClock as clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import { bunTransport } from "#lib/net/bun-transport";
import { systemRandom as random } from "#lib/random";
import { joinCassandra } from "#lib/role/cluster/cassandra-side";
import { ClusterRole, type Joined, type Work } from "#lib/role/cluster/cluster-role";
import { storeRecords } from "#lib/role/records";
import { type RunOptions, runRole } from "#lib/role/role-process";
import { roleTelemetry } from "#lib/role/role-telemetry";
import { jsonLog } from "#lib/telemetry/json-log";
import { ControlServer } from "./server.ts";

/** Runs until SIGTERM or SIGINT; resolves to the exit code. */
export async function runControl(config: Config, options: RunOptions): Promise<number> {
  const log = jsonLog({ level: config.log.level, clock });
  const transport = bunTransport(clock);
  const telemetry = roleTelemetry(config, { role: "control", clock, random, log });
  const { metrics } = telemetry;
  const ports = { clock, log, metrics, transport, openControl: ControlServer.open };
  const kind = { name: `control ${config.hostname}`, makesToken: true, begin: controlWork };
  const role = new ClusterRole(config, kind, ports);
  return await runRole(role, { ...options, clock, log, telemetry, signals: process });
}

/** The API is there already; with the store it answers everything. */
async function controlWork(joined: Joined): Promise<Work> {
  const { cassandra, shards, bounces } = joined.config();
  if (cassandra === undefined) throw new Error("Cannot keep holds: cassandra is not configured");
  const store = await joinCassandra(cassandra, {
    ...joined,
    shards,
    bouncesKeptMs: bounces.keptMs,
  });
  return { records: storeRecords(store) };
}
