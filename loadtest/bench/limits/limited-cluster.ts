/** A cluster whose mail all goes to one provider with limits: a sink that notes what it is given, and when. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { systemClock } from "#lib/clock";
import type { Endpoint } from "#lib/net/transport";
import { DnsServer } from "../../../test/peers/dns-server.ts";
import { Cluster, type Role } from "../../cluster/cluster.ts";
import { Sink } from "../../sink/sink.ts";
import { type Provider, type ProviderOptions, provider } from "./provider.ts";
import { sentTimes } from "./sent-times.ts";
import { SinkRecord } from "./sink-record.ts";

export interface LimitedClusterOptions extends ProviderOptions {
  readonly nats: number;
  readonly workers: number;
}

const owned = z.object({
  shards: z.array(z.object({ shard: z.number(), state: z.string(), owner: z.string().optional() })),
});

export class LimitedCluster implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly sink: Sink;
  readonly record: SinkRecord;
  readonly provider: Provider;
  readonly edge: Endpoint;
  readonly #dns: DnsServer;
  readonly #folder: string;

  static async start(options: LimitedClusterOptions): Promise<LimitedCluster> {
    const folder = await mkdtemp(join(tmpdir(), "godwit-bench-limits-"));
    const record = new SinkRecord(systemClock);
    const sink = await Sink.start({ watch: record });
    const dns = await DnsServer.start();
    const limited = provider(options);
    for (const host of limited.hosts) dns.nameServer.zone.set(host, "a", [sink.endpoint.address]);
    const shaping = join(folder, "shaping.yaml");
    await Bun.write(shaping, limited.shaping);
    const [host = ""] = limited.hosts;
    try {
      const cluster = await Cluster.start({
        folder,
        edges: 1,
        workers: options.workers,
        controls: 1,
        nats: options.nats,
        cassandra: 1,
        shards: options.shards,
        nextHop: sink.endpoint,
        named: { destinations: "*.named.example", host, nameServer: dns.endpoint },
        exceptions: limited.routes(sink.endpoint.port),
        shaping: [shaping],
        told: (text) => void (text.startsWith("Starting") && process.stderr.write(text)),
      });
      return new LimitedCluster({ cluster, sink, record, dns, folder, limited });
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
    readonly record: SinkRecord;
    readonly dns: DnsServer;
    readonly folder: string;
    readonly limited: Provider;
  }) {
    this.cluster = parts.cluster;
    this.sink = parts.sink;
    this.record = parts.record;
    this.provider = parts.limited;
    this.#dns = parts.dns;
    this.#folder = parts.folder;
    const smtp = parts.cluster.ofRole("edge")[0]?.smtp;
    if (smtp === undefined) throw new Error("Cannot measure: there is no edge");
    this.edge = smtp;
  }

  /** The worker where one of the provider's limits has its home. */
  async home(kind: "messages" | "connections"): Promise<Role> {
    const told = await this.cluster.operate("cluster", "status", "--json");
    const { shards } = owned.parse(JSON.parse(told));
    const owner = shards.find(({ shard }) => shard === this.provider.homes[kind])?.owner;
    const name = owner?.slice(0, owner.indexOf("/"));
    const found = this.cluster.ofRole("delivery").find((it) => it.name === name);
    if (found === undefined) throw new Error(`Cannot find the home's owner: ${owner}`);
    return found;
  }

  /** By the workers' own clocks, in milliseconds since the epoch. */
  async sent(domain: string): Promise<readonly number[]> {
    const files = this.cluster.ofRole("delivery").map(({ logFile }) => Bun.file(logFile).text());
    return sentTimes(await Promise.all(files), domain);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.stop();
    await this.sink.stop();
    this.#dns.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
