/** The servers that the other suites stand on: that they keep what they acknowledged, and end. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, TimeoutError } from "@nats-io/transport-node";
import { Client } from "cassandra-driver";
import { failureOf } from "../support/failure.ts";
import { abandoned } from "../support/servers/abandoned.ts";
import { type CassandraServers, startCassandra } from "../support/servers/cassandra.ts";
import { type NatsServers, startNats } from "../support/servers/nats.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();
const noCassandra = cassandraMissing();
/** A first fetch is in it. */
const startMaxMs = 600_000;

describe.skipIf(noNats !== undefined)(titled("NATS", noNats), () => {
  let nats: NatsServers | undefined;

  afterEach(async () => {
    await nats?.stop();
    nats = undefined;
  });

  test(
    "three of them keep what they acknowledged when one is killed, and then all",
    async () => {
      nats = await startNats({ nodes: 3, sync: "always" });
      const link = await connect({ servers: [...nats.servers], maxReconnectAttempts: -1 });
      const manager = await jetstreamManager(link);
      await manager.streams.add({ name: "S", subjects: ["s"], num_replicas: 3 });
      expect((await jetstream(link).publish("s", "one")).seq).toBe(1);
      await nats.kill(0);
      expect((await jetstream(link).publish("s", "two", { retries: 20 })).seq).toBe(2);
      await nats.kill(1);
      await nats.kill(2);
      await nats.restartAll();
      expect((await jetstream(link).publish("s", "three", { retries: 20 })).seq).toBe(3);
      await link.close();
    },
    startMaxMs,
  );

  test("one that is paused answers when it goes on", async () => {
    nats = await startNats({ nodes: 1 });
    const link = await connect({ servers: [...nats.servers] });
    await nats.pause(0);
    const late = failureOf(link.request("nobody", "", { timeout: 100 }));
    expect(await late).toBeInstanceOf(TimeoutError);
    nats.resume(0);
    expect(String(await failureOf(link.request("nobody")))).toContain("no responders");
    await link.close();
  });

  test("a configuration that it refuses is told with its log", async () => {
    const refused = startNats({ nodes: 1, configuration: "no_such_key: 1" });
    expect(String(await failureOf(refused))).toMatch(/has ended.*no_such_key/s);
  });

  test("stopped in a folder of ours, it starts again with its data and its address", async () => {
    const folder = await mkdtemp(join(tmpdir(), "godwit-kept-"));
    nats = await startNats({ nodes: 1, folder });
    const { servers } = nats;
    const link = await connect({ servers: [...servers] });
    await (await jetstreamManager(link)).streams.add({ name: "S", subjects: ["s"] });
    await link.close();
    await nats.stop();
    nats = await startNats({ nodes: 1, folder });
    expect(nats.servers).toEqual(servers);
    const again = await connect({ servers: [...servers] });
    expect((await (await jetstreamManager(again)).streams.info("S")).config.name).toBe("S");
    await again.close();
    await nats.stop();
    await rm(folder, { recursive: true });
  });

  test("it ends, and its folder, with the process that started it, however that ends", async () => {
    const { signal, gone } = await abandoned();
    expect(signal).toBe("SIGKILL");
    await gone;
  });
});

describe.skipIf(noCassandra !== undefined)(titled("Cassandra", noCassandra), () => {
  let cassandra: CassandraServers | undefined;

  afterEach(() => cassandra?.stop());

  test(
    "keeps what it acknowledged when it is killed",
    async () => {
      cassandra = await startCassandra({ nodes: 1 });
      const { contactPoints, localDataCenter } = cassandra;
      const open = () => new Client({ contactPoints: [...contactPoints], localDataCenter });
      await using before = disposing(open());
      await before.client.execute(
        "CREATE KEYSPACE k WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1}",
      );
      await before.client.execute("CREATE TABLE k.t (id int PRIMARY KEY)");
      await before.client.execute("INSERT INTO k.t (id) VALUES (1)");
      await cassandra.kill(0);
      await cassandra.restart(0);
      await using after = disposing(open());
      expect((await after.client.execute("SELECT id FROM k.t")).rowLength).toBe(1);
    },
    startMaxMs,
  );
});

function disposing(client: Client): AsyncDisposable & { readonly client: Client } {
  return { client, [Symbol.asyncDispose]: () => client.shutdown() };
}
