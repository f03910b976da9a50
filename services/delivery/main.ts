/** `godwit delivery` on a real machine: adapters made and wired. */
import { systemClock as clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import { bunTransport } from "#lib/net/bun-transport";
import { systemRandom as random } from "#lib/random";
import { ClusterRole } from "#lib/role/cluster/cluster-role";
import type { OpenControl } from "#lib/role/control-ports";
import { type RunOptions, runRole } from "#lib/role/role-process";
import { roleTelemetry } from "#lib/role/role-telemetry";
import { systemResolver } from "#lib/role/system-resolver";
import { countedResolver } from "#lib/telemetry/counted-resolver";
import { jsonLog } from "#lib/telemetry/json-log";
import { deliveryWork } from "./role/work.ts";

export interface DeliveryOptions extends RunOptions {
  readonly openControl: OpenControl;
}

/** Runs until SIGTERM or SIGINT; resolves to the exit code. */
export async function runDelivery(config: Config, options: DeliveryOptions): Promise<number> {
  const log = jsonLog({ level: config.log.level, clock });
  const transport = bunTransport(clock);
  const telemetry = roleTelemetry(config, { role: "delivery", clock, random, log });
  const { metrics, tracing } = telemetry;
  const ports = { clock, log, metrics, transport, openControl: options.openControl };
  const resolver = countedResolver(
    systemResolver(config.dns.servers, { transport, clock, random }),
    metrics,
  );
  const { name } = config.delivery;
  const begin = deliveryWork({ random, resolver, tracing });
  const kind = { name: `delivery ${name}`, makesToken: false, begin };
  const role = new ClusterRole(config, kind, ports);
  return await runRole(role, { ...options, clock, log, telemetry, signals: process });
}
