/** `godwit standalone` on a real machine: adapters made and wired. */
import { availableParallelism } from "node:os";
import { systemClock as clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import { bunTransport } from "#lib/net/bun-transport";
import { systemRandom as random } from "#lib/random";
import { type RunOptions, runRole } from "#lib/role/role-process";
import { roleTelemetry } from "#lib/role/role-telemetry";
import { systemResolver } from "#lib/role/system-resolver";
import { countedResolver } from "#lib/telemetry/counted-resolver";
import { jsonLog } from "#lib/telemetry/json-log";
import { edgeInProcess, edgeThreadsOf } from "./edge-host.ts";
import { edgeInThread } from "./edge-thread/edge-thread.ts";
import { Standalone } from "./standalone.ts";
import { welcomeText } from "./welcome.ts";

/** Runs until SIGTERM or SIGINT; resolves to the exit code. */
export async function runStandalone(config: Config, options: RunOptions): Promise<number> {
  const log = jsonLog({ level: config.log.level, clock });
  const telemetry = roleTelemetry(config, { role: "standalone", clock, random, log });
  const { metrics, tracing, traces } = telemetry;
  const transport = bunTransport(clock);
  const broken = Promise.withResolvers<number>();
  const failed = (event: string) => (error: Error) => {
    log.error(event, { error });
    broken.resolve(1);
  };
  const ofThread = { logLevel: config.log.level, eventKinds: config.events.kinds, traces };
  const hostEdge =
    edgeThreadsOf(config, availableParallelism()) > 0
      ? edgeInThread({ ...ofThread, write: log.write, onFailed: failed("edge_failed") })
      : edgeInProcess({ transport, clock, random, log });
  const standalone = await Standalone.open(config, {
    transport,
    resolver: countedResolver(
      systemResolver(config.dns.servers, { transport, clock, random }),
      metrics,
    ),
    clock,
    random,
    log,
    metrics,
    tracing,
    hostEdge,
    onFailed: failed("queue_failed"),
    onStarted: ({ listening, controlAt: control }) => {
      for (const { name, at } of [...listening, { name: "control", at: control }]) {
        log.info("listening", { name, ...at });
      }
      process.stderr.write(welcomeText({ config, ...options, listening, control }));
    },
  });
  const own = { clock, log, telemetry, signals: process, broken: broken.promise };
  return await runRole(standalone, { ...options, ...own });
}
