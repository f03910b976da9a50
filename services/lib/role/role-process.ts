/** A role as a process: it starts, hears signals, and stops in good order. */
import type { Clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import { type Fault, faultLine } from "#lib/config/fault";
import type { ProcessLog } from "#lib/telemetry/json-log";
import { watchFiles } from "./file-watch.ts";

export interface Role {
  /** May wait for servers for as long as they are away; `stop` ends that. Rejects when it cannot be. */
  start(): Promise<void>;
  /** Takes over what can be without a restart; the log tells the rest. */
  reload(config: Config): Promise<void>;
  /** In good order, from whatever state. Never before it is through. */
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly warnings: readonly string[];
  /** Undefined: there is none, and all is default. */
  readonly configFile: string | undefined;
  /** Reads the configuration again. */
  readonly reload: () => Promise<
    { readonly config: Config } | { readonly faults: readonly Fault[] }
  >;
  /** Of all files that it was read from: whoever has it reloads when they change. */
  readonly fingerprint?: (() => string) | undefined;
}

type SignalName = "SIGTERM" | "SIGINT" | "SIGHUP";

/** Where signals come from: `process`. */
export interface Signals {
  on(signal: SignalName, listener: () => void): unknown;
  off(signal: SignalName, listener: () => void): unknown;
}

export interface RoleSurroundings extends RunOptions {
  readonly clock: Clock;
  readonly log: ProcessLog;
  /** Told last, when there is nothing left to tell of. */
  readonly telemetry?: { stop(): Promise<void> };
  readonly signals: Signals;
  /** Resolves to the exit code when a part has broken, and the process can only end. */
  readonly broken?: Promise<number>;
}

/**
 * Runs until SIGTERM or SIGINT; resolves to the exit code. Rejects, with all stopped, when the role
 * cannot start.
 */
export async function runRole(role: Role, surroundings: RoleSurroundings): Promise<number> {
  const { log, signals, broken } = surroundings;
  const ended = Promise.withResolvers<number>();
  const stop = () => ended.resolve(0);
  const reload = () => void reloadRole(role, surroundings);
  signals.on("SIGTERM", stop);
  signals.on("SIGINT", stop);
  signals.on("SIGHUP", reload);
  const { clock, fingerprint } = surroundings;
  const unwatch =
    fingerprint === undefined ? undefined : watchFiles({ clock, fingerprint, changed: reload });
  broken?.then(ended.resolve, ended.reject);
  try {
    for (const warning of surroundings.warnings) log.warn("configuration_warning", { warning });
    log.info("starting");
    // One that is stopped while it waits for servers has not failed.
    role.start().then(() => log.info("started"), ended.reject);
    const exitCode = await ended.promise;
    log.info("stopping");
    return exitCode;
  } catch (error) {
    log.error("start_failed", { error });
    throw error;
  } finally {
    unwatch?.();
    await role.stop();
    await surroundings.telemetry?.stop();
    log.info("stopped");
    await log.flush();
    signals.off("SIGTERM", stop);
    signals.off("SIGINT", stop);
    signals.off("SIGHUP", reload);
  }
}

/** Never rejects: what cannot be taken over leaves everything as it was. */
async function reloadRole(role: Role, { log, configFile, reload }: RoleSurroundings) {
  try {
    const read = await reload();
    if ("faults" in read) {
      const lines = read.faults.map((fault) => faultLine(configFile ?? "godwit.yaml", fault));
      throw new Error(`the running configuration stays: ${lines.join("; ")}`);
    }
    await role.reload(read.config);
    log.info("configuration_reloaded", { file: configFile });
  } catch (error) {
    log.error("configuration_not_reloaded", { error });
  }
}
