/** `godwit standalone` on a real machine: adapters made and wired, signals heard. */
import { existsSync, readFileSync } from "node:fs";
import { systemClock as clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import { type Fault, faultLine } from "#lib/config/fault";
import { parseResolvConf } from "#lib/dns/resolv-conf";
import { socketExchange } from "#lib/dns/socket-exchange";
import { StubResolver } from "#lib/dns/stub-resolver";
import { bunTransport } from "#lib/net/bun-transport";
import { systemRandom as random } from "#lib/random";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { pinoLog } from "#lib/telemetry/pino-log";
import { Standalone } from "./standalone.ts";
import { welcomeText } from "./welcome.ts";

export interface RunOptions {
  readonly warnings: readonly string[];
  readonly configFile: string | undefined;
  readonly reload: () => Promise<
    { readonly config: Config } | { readonly faults: readonly Fault[] }
  >;
}

/** Runs until SIGTERM or SIGINT; resolves to the exit code. */
export async function runStandalone(config: Config, options: RunOptions): Promise<number> {
  const log = pinoLog({ level: config.log.level, clock });
  const transport = bunTransport(clock);
  const ended = Promise.withResolvers<number>();
  const standalone = await Standalone.open(config, {
    transport,
    resolver: resolverOf(config, transport),
    clock,
    random,
    log,
    metrics: new PrometheusMetrics(),
    onFailed: (error) => {
      log.error("queue_failed", { error });
      ended.resolve(1);
    },
  });
  const stop = () => ended.resolve(0);
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.on("SIGHUP", () => {
    void reload(standalone, options).then(
      (result) => log.info("configuration_reloaded", result),
      (error: unknown) => log.error("configuration_not_reloaded", { error }),
    );
  });
  await standalone.start();
  const { listening, controlAt: control } = standalone;
  for (const { name, at } of [...listening, { name: "control", at: control }]) {
    log.info("listening", { name, ...at });
  }
  process.stderr.write(welcomeText({ config, ...options, listening, control }));
  const exitCode = await ended.promise;
  log.info("stopping");
  if (exitCode === 0) await standalone.stop();
  log.info("stopped");
  await log.flush();
  return exitCode;
}

async function reload(standalone: Standalone, options: RunOptions) {
  const read = await options.reload();
  if ("faults" in read) {
    const lines = read.faults.map((fault) => faultLine(options.configFile ?? "godwit.yaml", fault));
    throw new Error(`the running configuration stays: ${lines.join("; ")}`);
  }
  await standalone.reload(read.config);
  return { file: options.configFile };
}

const resolvConf = "/etc/resolv.conf";

function resolverOf({ dns }: Config, transport: ReturnType<typeof bunTransport>): StubResolver {
  // resolv.conf(5): without it the server is this machine.
  const system = parseResolvConf(existsSync(resolvConf) ? readFileSync(resolvConf, "utf8") : "");
  const options = dns.servers.length === 0 ? system : { ...system, servers: dns.servers };
  return new StubResolver(options, {
    exchange: socketExchange({ clock, transport }),
    clock,
    random,
  });
}
