/**
 * A whole cluster on one machine: NATS, Cassandra, and each role of Godwit in processes of its own.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { Endpoint } from "#lib/net/transport";
import { type CassandraServers, startCassandra } from "../../test/support/servers/cassandra.ts";
import { type NatsServers, startNats } from "../../test/support/servers/nats.ts";
import { ServerNode } from "../../test/support/servers/server-node.ts";
import { runTool } from "../../test/support/servers/toolchain/tool.ts";
import { Watchdog } from "../../test/support/servers/watchdog.ts";
import { keptPorts } from "./kept-ports.ts";
import {
  type ClusterConfig,
  type ClusterRole,
  type Exception,
  type NamedHop,
  roleYaml,
} from "./role-config.ts";

export interface ClusterOptions {
  /** Of everything; what is there already is gone on with. */
  readonly folder: string;
  readonly edges: number;
  readonly workers: number;
  readonly controls: number;
  readonly nats: number;
  readonly cassandra: number;
  readonly shards: number;
  /** Where all mail goes. */
  readonly nextHop: Endpoint;
  readonly named?: NamedHop;
  /** Domains whose mail goes elsewhere. */
  readonly exceptions?: readonly Exception[];
  readonly shardBytesMax?: string;
  /** Further keys of `delivery`: `retry: { first: 1s }`. */
  readonly delivery?: readonly string[];
  /** Files of limits and settings: absolute paths. */
  readonly shaping?: readonly string[];
  /** A module that each role loads before all else. */
  readonly preload?: string;
  readonly told: (text: string) => void;
}

/** One process of Godwit. */
export interface Role {
  readonly name: string;
  readonly role: ClusterRole;
  readonly node: ServerNode;
  readonly configFile: string;
  readonly logFile: string;
  readonly control: Endpoint;
  /** Of an edge. */
  readonly smtp: Endpoint | undefined;
}

const program = [process.execPath, join(import.meta.dir, "../../services/cli/main.ts")];
const loopback = "127.0.0.1";
const readyMaxMs = 90_000;
const readyAskMaxMs = 2_000;
/** A hand-over lets attempts finish. */
const stopMaxMs = 60_000;
const schemaMaxMs = 120_000;

/** In less it is busy with its garbage when much is deferred. */
const cassandraHeapMiB = 1_024;
/** As deploy/README.md advises: a tenth less CPU in NATS for some more memory. */
const natsEnvironment = { GOGC: "400", GOMEMLIMIT: "2GiB" };
/** The same: else garbage is collected as if a worker had the machine for itself. */
const roleEnvironment = { BUN_JSC_forceRAMSize: String(192 * 1024 * 1024) };

export class Cluster implements AsyncDisposable {
  readonly folder: string;
  readonly #options: ClusterOptions;
  readonly #watchdog = new Watchdog(undefined);
  #nats: NatsServers | undefined;
  #cassandra: CassandraServers | undefined;
  #roles: readonly Role[] = [];

  /** Resolves when every process is ready. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    try {
      await cluster.#start();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  private constructor(options: ClusterOptions) {
    this.#options = options;
    this.folder = resolve(options.folder);
  }

  get nats(): NatsServers {
    return given(this.#nats, "NATS");
  }

  get cassandra(): CassandraServers {
    return given(this.#cassandra, "Cassandra");
  }

  get roles(): readonly Role[] {
    return this.#roles;
  }

  ofRole(role: ClusterRole): readonly Role[] {
    return this.#roles.filter((it) => it.role === role);
  }

  /** What an operator is told by the command, which asks a control process. */
  async operate(...args: readonly string[]): Promise<string> {
    const [control] = this.ofRole("control");
    const { configFile } = given(control, "control process");
    const command = [...program, ...args, "--config", configFile];
    return await runTool({ command, timeoutMs: schemaMaxMs });
  }

  /** First who takes mail, then who delivers it, then what they stand on. */
  async stop(): Promise<void> {
    const { told } = this.#options;
    for (const role of ["edge", "delivery", "control"] as const) {
      const running = this.ofRole(role).filter(({ node }) => node.pid !== undefined);
      if (running.length > 0) told(`Stopping ${running.map(({ name }) => name).join(", ")}\n`);
      await Promise.all(running.map(({ node }) => node.terminate()));
    }
    if (this.#nats !== undefined) told("Stopping NATS and Cassandra\n");
    await Promise.all([this.#nats?.stop(), this.#cassandra?.stop()]);
    await this.#watchdog.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    const { told, folder, nats, cassandra } = this.#options;
    await mkdir(folder, { recursive: true });
    told(`Starting ${nats} NATS (every write synced) and ${cassandra} Cassandra …\n`);
    // One after the other: what started is stopped even if the next fails.
    this.#nats = await startNats({
      nodes: nats,
      sync: "always",
      environment: natsEnvironment,
      folder: join(folder, "nats"),
    });
    const cassandraFolder = join(folder, "cassandra");
    this.#cassandra = await startCassandra({
      nodes: cassandra,
      heapMiB: cassandraHeapMiB,
      isLongLived: true,
      folder: cassandraFolder,
    });
    this.#roles = await this.#planned();
    told(await this.operate("schema", "apply"));
    told(`Starting ${this.#roles.map(({ name }) => name).join(", ")} …\n`);
    for (const { node } of this.#roles) node.launch();
    await Promise.all(this.#roles.map(({ node }) => node.ready()));
  }

  #program(): readonly string[] {
    const { preload } = this.#options;
    const [runtime = "", ...words] = program;
    return preload === undefined ? program : [runtime, "--preload", preload, ...words];
  }

  async #planned(): Promise<readonly Role[]> {
    const { edges, workers, controls } = this.#options;
    const named = [
      ...names("control", "control", controls),
      ...names("delivery", "worker", workers),
      ...names("edge", "edge", edges),
    ];
    const portNames = named.flatMap(({ name, role }) =>
      role === "edge" ? [name, `${name}.smtp`] : [name],
    );
    const ports = await keptPorts(this.folder, portNames);
    const common = this.#common();
    return await Promise.all(named.map((it) => this.#plan(it, common, ports)));
  }

  #common(): ClusterConfig {
    const { shards, nextHop, named, exceptions = [], delivery = [] } = this.#options;
    const { shardBytesMax = "256MiB", shaping = [] } = this.#options;
    return {
      shards,
      nextHop,
      named,
      exceptions,
      shardBytesMax,
      delivery,
      shaping,
      natsServers: this.nats.servers,
      cassandraContactPoints: this.cassandra.contactPoints,
      localDataCenter: this.cassandra.localDataCenter,
      tokenFile: "../control.token",
    };
  }

  async #plan(
    { name, role }: Named,
    common: ClusterConfig,
    ports: ReadonlyMap<string, number>,
  ): Promise<Role> {
    const folder = join(this.folder, "roles", name);
    await mkdir(folder, { recursive: true });
    const configFile = join(folder, "godwit.yaml");
    const controlPort = ports.get(name) ?? 0;
    const smtpPort = ports.get(`${name}.smtp`);
    const yaml = roleYaml({ ...common, name, role, controlPort, smtpPort });
    await writeFile(configFile, yaml);
    const control = { address: loopback, port: controlPort };
    const node = new ServerNode(
      {
        name,
        folder,
        command: [...this.#program(), role, "--config", configFile],
        environment: roleEnvironment,
        isReady: () => isReady(control),
        readyMaxMs,
        stopMaxMs,
        hasEnded: (how) => this.#options.told(`${name} has ended: ${how}\n`),
      },
      this.#watchdog,
    );
    const smtp = smtpPort === undefined ? undefined : { address: loopback, port: smtpPort };
    const shown = (path: string) => relative(process.cwd(), path);
    const logFile = shown(join(folder, "log"));
    return { name, role, node, configFile: shown(configFile), logFile, control, smtp };
  }
}

interface Named {
  readonly name: string;
  readonly role: ClusterRole;
}

function names(role: ClusterRole, name: string, count: number): readonly Named[] {
  return Array.from({ length: count }, (_, n) => ({ role, name: `${name}${n}` }));
}

async function isReady({ address, port }: Endpoint): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(readyAskMaxMs);
    return (await fetch(`http://${address}:${port}/readyz`, { signal })).ok;
  } catch {
    // It does not listen yet.
    return false;
  }
}

function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`There is no ${what}`);
  return value;
}
