/** `godwit edge` on a real machine: adapters made and wired. */
import { systemClock as clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import { bunTransport } from "#lib/net/bun-transport";
import { systemRandom as random } from "#lib/random";
import { ClusterRole } from "#lib/role/cluster/cluster-role";
import type { OpenControl } from "#lib/role/control-ports";
import { type RunOptions, runRole } from "#lib/role/role-process";
import { roleTelemetry } from "#lib/role/role-telemetry";
import { jsonLog } from "#lib/telemetry/json-log";
import { edgeWork } from "./role/work.ts";

export interface EdgeOptions extends RunOptions {
  readonly openControl: OpenControl;
}

/** Runs until SIGTERM or SIGINT; resolves to the exit code. */
export async function runEdge(config: Config, options: EdgeOptions): Promise<number> {
  const log = jsonLog({ level: config.log.level, clock });
  const transport = bunTransport(clock);
  const telemetry = roleTelemetry(config, { role: "edge", clock, random, log });
  const { metrics, tracing } = telemetry;
  const ports = { clock, log, metrics, transport, openControl: options.openControl };
  const kind = {
    name: `edge ${config.hostname}`,
    makesToken: false,
    begin: edgeWork({ random, tracing }),
  };
  const role = new ClusterRole(config, kind, ports);
  return await runRole(role, { ...options, clock, log, telemetry, signals: process });
}
