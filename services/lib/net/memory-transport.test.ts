/** What the memory network can do beyond a real one; what both can is in test/conformance. */
import { beforeEach, describe, expect, test } from "bun:test";
import { VirtualClock } from "../virtual-clock.ts";
import { MemoryNetwork } from "./memory-transport.ts";
import type { Connection, ConnectionHandler } from "./transport.ts";

const edge = "10.0.0.1";
const exchanger = "10.0.0.2";
const port = 25;

class Owner implements ConnectionHandler {
  readonly connection: Connection;
  readonly log: string[];
  readonly name: string;

  constructor(name: string, connection: Connection, log: string[]) {
    this.name = name;
    this.connection = connection;
    this.log = log;
  }

  say(text: string): void {
    this.connection.write(new TextEncoder().encode(text));
  }

  data(bytes: Uint8Array): void {
    this.log.push(`${this.name}: ${new TextDecoder().decode(bytes)}`);
  }

  ended(): void {
    this.log.push(`${this.name}: ended`);
  }

  closed(error?: Error): void {
    this.log.push(`${this.name}: closed${error ? ` ${error.message.slice(0, 10)}` : ""}`);
  }
}

describe("MemoryNetwork", () => {
  let clock: VirtualClock;
  let network: MemoryNetwork;
  let log: string[];
  let latencyMs: number;
  let servers: Owner[];

  beforeEach(async () => {
    clock = new VirtualClock();
    latencyMs = 10;
    network = new MemoryNetwork(clock, { latencyMs: () => latencyMs });
    log = [];
    servers = [];
    await network.transport(exchanger).listen({ address: "0.0.0.0", port }, (connection) => {
      const server = new Owner("server", connection, log);
      servers.push(server);
      return server;
    });
  });

  async function connected(): Promise<{ client: Owner; server: Owner }> {
    const [connection, client] = await connectedAs("client");
    expect(connection.remote).toEqual({ address: exchanger, port });
    const server = servers.at(-1);
    if (!server) throw new Error("nothing was accepted");
    return { client, server };
  }

  async function connectedAs(name: string): Promise<[Connection, Owner]> {
    let owner: Owner | undefined;
    const handler = (connection: Connection) => {
      owner = new Owner(name, connection, log);
      return owner;
    };
    const to = { address: exchanger, port };
    const connecting = network.transport(edge).connect(to, { timeoutMs: 1000 }, handler);
    await Promise.allSettled([connecting, clock.advance(1000)]);
    const connection = await connecting;
    if (!owner) throw new Error("the handler was not asked");
    return [connection, owner];
  }

  /** Resolves to why not. */
  async function failure(): Promise<string> {
    return await connected().then(
      () => "connected",
      (error: Error) => error.message,
    );
  }

  test("a byte takes the latency there, and its answer the latency back", async () => {
    const { client, server } = await connected();
    client.say("a");
    await clock.advance(9);
    expect(log).toEqual([]);
    await clock.advance(1);
    server.say("b");
    await clock.advance(10);
    expect(log).toEqual(["server: a", "client: b"]);
  });

  test("a latency that shrinks lets nothing overtake", async () => {
    const { client } = await connected();
    client.say("first");
    latencyMs = 1;
    client.say("second");
    client.connection.end();
    await clock.advance(10);
    expect(log).toEqual(["server: first", "server: second", "server: ended"]);
  });

  test("refuse() and accept()", async () => {
    network.refuse(exchanger);
    expect(await failure()).toContain("connection refused");
    network.accept(exchanger);
    expect(await failure()).toBe("connected");
  });

  test("connections to a black hole time out; running ones stand still until accept()", async () => {
    const { client } = await connected();
    network.blackhole(exchanger);
    client.say("held");
    expect(await failure()).toContain("timed out");
    expect(log).toEqual([]);
    network.accept(exchanger);
    await clock.advance(0);
    expect(log).toEqual(["server: held"]);
  });

  test("a latency beyond the timeout is a timeout, and the listener sees nothing", async () => {
    latencyMs = 500;
    expect(await failure()).toContain("timed out");
    expect(servers).toEqual([]);
  });

  test("cutHost() breaks both ends of all its connections at once, and no other", async () => {
    await connected();
    const { client, server } = await connected();
    client.say("lost");
    network.cutHost("10.0.0.3");
    expect(network.connectionCount).toBe(2);
    network.cutHost(edge);
    await clock.advance(100);
    expect(log.toSorted()).toEqual([
      "client: closed ECONNRESET",
      "client: closed ECONNRESET",
      "server: closed ECONNRESET",
      "server: closed ECONNRESET",
    ]);
    expect(network.connectionCount).toBe(0);
    server.say("nothing happens");
    expect(await failure()).toBe("connected");
  });

  test("crashHost() also takes the listeners, and the port can be had again", async () => {
    await connected();
    network.crashHost(exchanger);
    expect(await failure()).toContain("connection refused");
    const again = network
      .transport(exchanger)
      .listen({ address: exchanger, port }, (connection) => {
        return new Owner("reborn", connection, log);
      });
    expect((await again).local).toEqual({ address: exchanger, port });
  });

  test("what was sent before destroy() arrives, unless its reader is paused", async () => {
    const { client } = await connected();
    client.say("read");
    client.connection.destroy();
    await clock.advance(10);
    expect(log).toEqual(["client: closed", "server: read", "server: closed ECONNRESET"]);

    const other = await connected();
    log.length = 0;
    other.server.connection.pause();
    other.client.say("unread");
    other.client.connection.destroy();
    await clock.advance(10);
    expect(log).toEqual(["client: closed", "server: closed ECONNRESET"]);
  });

  test("a client at loopback reaches its own host", async () => {
    const transport = network.transport(exchanger);
    const connecting = transport.connect(
      { address: "127.0.0.1", port },
      { timeoutMs: 1000 },
      (connection) => new Owner("client", connection, log),
    );
    await clock.advance(100);
    expect((await connecting).remote).toEqual({ address: exchanger, port });
  });

  test("without a listener that greets, a client hello is just bytes", async () => {
    const { client } = await connected();
    const starting = client.connection.startTls("mx.example").catch(String);
    await clock.advance(10);
    expect(log).toHaveLength(1);
    network.cutHost(edge);
    expect(await starting).toContain("ECONNRESET");
  });
});
