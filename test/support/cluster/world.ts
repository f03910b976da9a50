/** A cluster of real processes, and the mail exchanger that all its mail goes to. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { z } from "zod";
import { systemClock } from "#lib/clock";
import { clusterNames } from "#proto/subjects";
import { Cluster } from "../../../loadtest/cluster/cluster.ts";
import { Sink } from "../../../loadtest/sink/sink.ts";
import type { SunkMessage } from "../../../loadtest/sink/tally.ts";
import { DnsServer } from "../../peers/dns-server.ts";
import { clockPreload } from "../process/clock-step.ts";
import type { LoadTarget } from "./cluster-load.ts";
import { Transits } from "./transits.ts";

export interface WorldOptions {
  readonly nats: number;
  readonly cassandra: number;
  readonly edges: number;
  readonly workers: number;
  /** `kept`: its folder stays, with all logs. */
  readonly after: "removed" | "kept";
  readonly told: (text: string) => void;
}

/** Those of the load that comes through at the first try. */
export const plainDomain = "plain.example";

/** Those whose next hop is known by name only. */
export const namedDomain = "named.example";
const namedHost = `mx.${namedDomain}`;
/** So that no answer outlives the name server's absence by much. */
const nameTtlMs = 1_000;

/** The queue is asked from outside, and nobody tells when it is empty. */
const lookAgainMs = 200;
const shards = 12;
const sharedMaxMs = 60_000;
/** Small, so that a test can fill it. */
const shardBytesMax = "16MiB";
const status = z.object({
  shards: z.array(
    z.object({ state: z.string(), owner: z.string().optional(), lag: z.number().optional() }),
  ),
});
const listing = z.object({
  units: z.array(z.unknown()),
  /** Not all could be looked through in time. */
  next: z.string().optional(),
  unanswered: z.unknown().optional(),
});

/** What is deferred comes back while it is still watched. */
const delivery = ["retry: { first: 1s, cap: 2s }"];

export class World implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly sink: Sink;
  /** It knows the next hop of `namedDomain`. */
  readonly dns: DnsServer;
  readonly transits: Transits;
  /** Where mail is submitted. */
  readonly edges: readonly LoadTarget[];
  readonly #folder: string;
  readonly #isKept: boolean;
  #runs = 0;

  static async start(options: WorldOptions): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), "godwit-cluster-"));
    const transits = new Transits();
    const arrived = ({ id, recipients }: SunkMessage) => {
      const isPlain = recipients.every(({ forwardPath }) => forwardPath.endsWith(plainDomain));
      if (id !== undefined && isPlain) transits.arrived(id, systemClock.monotonic());
    };
    const sink = await Sink.start({ keep: "verdicts", arrived });
    const dns = await DnsServer.start();
    dns.nameServer.zone.set(namedHost, "a", [sink.endpoint.address], nameTtlMs);
    const destinations = `*.${namedDomain}`;
    try {
      const nextHop = sink.endpoint;
      const cluster = await Cluster.start({
        ...options,
        folder,
        nextHop,
        named: { destinations, host: namedHost, nameServer: dns.endpoint },
        controls: 1,
        shards,
        shardBytesMax,
        delivery,
        preload: clockPreload,
      });
      return new World({ cluster, sink, dns, transits, folder, isKept: options.after === "kept" });
    } catch (error) {
      await sink.stop();
      dns.stop();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(parts: {
    readonly cluster: Cluster;
    readonly sink: Sink;
    readonly dns: DnsServer;
    readonly transits: Transits;
    readonly folder: string;
    readonly isKept: boolean;
  }) {
    this.cluster = parts.cluster;
    this.sink = parts.sink;
    this.dns = parts.dns;
    this.transits = parts.transits;
    this.edges = this.cluster.ofRole("edge").flatMap(({ name, smtp }) => {
      return smtp === undefined ? [] : [{ name, at: smtp }];
    });
    this.#folder = parts.folder;
    this.#isKept = parts.isKept;
  }

  /** For a load that is told from all others. */
  newRun(): string {
    this.#runs += 1;
    return `s${this.#runs}`;
  }

  /** To the operators' API of the first control process. */
  async ask(path: string): Promise<unknown> {
    const [control] = this.cluster.ofRole("control");
    const token = await Bun.file(join(this.cluster.folder, "roles", "control.token")).text();
    const { address, port } = control?.control ?? { address: "", port: 0 };
    const response = await fetch(`http://${address}:${port}${path}`, {
      headers: { authorization: `Bearer ${token.trim()}` },
    });
    if (!response.ok) throw new Error(`${path} got ${response.status}: ${await response.text()}`);
    return await response.json();
  }

  /**
   * How many are still on their way: messages that are not fanned out, entries of logs that are not
   * settled, units that are listed. In the order in which they move. Undefined: not all were heard.
   */
  async queued(): Promise<number | undefined> {
    try {
      const splits = await this.#splits();
      const { shards: all } = status.parse(await this.ask("/v1/cluster"));
      const page = listing.parse(await this.ask("/v1/queue?limit=100"));
      const { units, next, unanswered } = page;
      const isUnheard = unanswered !== undefined || (units.length === 0 && next !== undefined);
      if (isUnheard || all.some(({ lag }) => lag === undefined)) return undefined;
      return all.reduce((sum, { lag = 0 }) => sum + lag, splits + units.length);
    } catch {
      // A shard is between two owners, or NATS between two leaders.
      return undefined;
    }
  }

  async #splits(): Promise<number> {
    const connection = await connect({ servers: [...this.cluster.nats.servers] });
    try {
      const manager = await jetstreamManager(connection);
      return (await manager.streams.info(clusterNames().splitStream)).state.messages;
    } finally {
      await connection.close();
    }
  }

  /** Resolves to what is still queued: nothing, or what was there when the time was over. */
  async emptied(withinMs: number): Promise<number | undefined> {
    const deadline = systemClock.monotonic() + withinMs;
    while (true) {
      const queued = await this.queued();
      if (queued === 0 || systemClock.monotonic() > deadline) return queued;
      await systemClock.sleep(lookAgainMs);
    }
  }

  /** Resolves when every shard has its owner, and every worker a shard. */
  async shared(): Promise<void> {
    const names = this.cluster.ofRole("delivery").map(({ name }) => name);
    const deadline = systemClock.monotonic() + sharedMaxMs;
    while (!(await this.#isShared(names))) {
      if (systemClock.monotonic() > deadline) throw new Error("The shards are not shared out");
      await systemClock.sleep(lookAgainMs);
    }
  }

  async #isShared(names: readonly string[]): Promise<boolean> {
    try {
      const { shards: all } = status.parse(await this.ask("/v1/cluster"));
      const owners = new Set(all.map(({ owner = "" }) => owner.split("/")[0]));
      return all.every(({ state }) => state === "owned") && names.every((it) => owners.has(it));
    } catch {
      // NATS is between two leaders.
      return false;
    }
  }

  /** Whatever a scenario has left undone: each process runs, and is ready. */
  async mended(): Promise<void> {
    const { nats, cassandra, roles } = this.cluster;
    this.dns.nameServer.behave();
    await nats.restartAll();
    await cassandra.restartAll();
    const down = roles.filter(({ node }) => node.pid === undefined);
    for (const { node } of down) node.launch();
    await Promise.all(roles.map(({ node }) => node.ready()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.stop();
    await this.sink.stop();
    this.dns.stop();
    if (!this.#isKept) await rm(this.#folder, { recursive: true, force: true });
  }
}
