/**
 * What edge, delivery and control have in common: a control API from the first moment, the way into
 * the cluster, readiness, and an end in the opposite order.
 */
import type { Clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import type { Endpoint, Transport } from "#lib/net/transport";
import type { Log } from "#lib/telemetry/log";
import type { Metrics } from "#lib/telemetry/metrics";
import type { OpenControl, OperatorsPorts } from "../control-ports.ts";
import { Readiness } from "../readiness.ts";
import type { Records } from "../records.ts";
import { reloaded } from "../reloading.ts";
import type { Role } from "../role-process.ts";
import { Undoing } from "../undoing.ts";
import { type JoinPorts, joinNats, type NatsSide } from "./nats-side.ts";

export interface ClusterRolePorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly transport: Transport;
  readonly openControl: OpenControl;
}

/** One kind of process. */
export interface Kind {
  /** Of the process, for people. */
  readonly name: string;
  /** Whether it may make the operators' token where there is none. */
  readonly makesToken: boolean;
  /** Begins the work of the role, and adds to `joined.undoing` what ends it. */
  readonly begin: (joined: Joined) => Promise<Work>;
}

export interface Joined extends JoinPorts, NatsSide {
  /** As it is now: it may be reloaded. */
  readonly config: () => Config;
}

export interface Work {
  /** For the operators' API. */
  readonly records: Records;
  readonly listening?: readonly { readonly name: string; readonly at: Endpoint }[];
  /** Takes over what is not asked for again and again. */
  readonly reload?: (config: Config) => Promise<void>;
}

/**
 * A start that is to end hears of it at once; one that hangs all the same is not waited for. With
 * the time that what runs has for its end it stays within that of the whole process.
 */
const startEndMs = 2_000;

export class ClusterRole implements Role {
  readonly #kind: Kind;
  readonly #ports: ClusterRolePorts;
  readonly #readiness: Readiness;
  readonly #undoing = new Undoing();
  readonly #stopping = new AbortController();
  #config: Config;
  #work: Work | undefined;
  #operators: OperatorsPorts | undefined;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(config: Config, kind: Kind, ports: ClusterRolePorts) {
    this.#config = config;
    this.#kind = kind;
    this.#ports = ports;
    this.#readiness = new Readiness(ports);
    this.#readiness.expect("process", "starting");
  }

  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async reload(next: Config): Promise<void> {
    const { config, restartKeys } = reloaded(this.#config, next);
    this.#config = config;
    if (restartKeys.length > 0) this.#ports.log.warn("reload_needs_restart", { keys: restartKeys });
    await this.#work?.reload?.(config);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#readiness.expect("process", "stopping");
    this.#stopping.abort(new Error("the process stops"));
    await this.#startEnded();
    await this.#undoing.undo();
  }

  async #startEnded(): Promise<void> {
    const { clock, log } = this.#ports;
    const started = this.#started?.catch(() => {});
    if (started === undefined) return;
    const late = Promise.withResolvers<void>();
    const cancel = clock.after(startEndMs, () => {
      log.warn("start_hangs", { waited_ms: startEndMs });
      late.resolve();
    });
    await Promise.race([started, late.promise]);
    cancel();
  }

  async #start(): Promise<void> {
    const { nats } = this.#config;
    if (nats === undefined) throw new Error("Cannot join the cluster: nats is not configured");
    await this.#serveControl();
    const joinPorts: JoinPorts = {
      ...this.#ports,
      readiness: this.#readiness,
      signal: this.#stopping.signal,
      undoing: this.#undoing,
    };
    const side = await joinNats(this.#config, { name: this.#kind.name, nats }, joinPorts);
    this.#operate(side, undefined);
    this.#stopping.signal.throwIfAborted();
    const work = await this.#kind.begin({ ...joinPorts, ...side, config: () => this.#config });
    this.#work = work;
    this.#operate(side, work.records);
    for (const { name, at } of work.listening ?? []) this.#tell(name, at);
    this.#readiness.tell("process");
  }

  async #serveControl(): Promise<void> {
    const { openControl } = this.#ports;
    const control = await openControl(this.#config.control, {
      ...this.#ports,
      reasons: () => this.#readiness.reasons,
      operators: () => this.#operators,
      makesToken: this.#kind.makesToken,
    });
    const at = control.start();
    // Last of all: who asks meanwhile hears that it stops.
    this.#undoing.add(() => control.stop());
    this.#tell("control", at);
  }

  #operate(
    { jetStream, leases, bus, summaries, events }: NatsSide,
    records: Records | undefined,
  ): void {
    const { journal, stream, splitBacklog, replicas } = jetStream;
    const { shards } = this.#config;
    const logs = { journal, stream, splitBacklog, replicas };
    this.#operators = { shards, bus, leases, summaries, events, ...logs, records };
  }

  #tell(name: string, { address, port }: Endpoint): void {
    this.#ports.log.info("listening", { name, address, port });
  }
}
