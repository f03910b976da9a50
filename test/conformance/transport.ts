/** What every inhabitant of Transport must do. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  ConnectFailed,
  type Endpoint,
  type Listener,
  type TlsIdentity,
  type TlsInfo,
  type Transport,
} from "#lib/net/transport";
import { failureOf } from "../support/failure.ts";
import { RecordingHandler } from "../support/recording-handler.ts";

export interface TransportWorld {
  readonly transport: Transport;
  readonly address: string;
  /** For the name "mx.example"; not to be verified by a client that asks for another. */
  readonly identity: TlsIdentity;
  /** The client can verify the identity: a real one needs an authority the system knows. */
  readonly canVerify: boolean;
  /** An address that never answers, where there is one on this machine. */
  readonly silent?: Endpoint;
  /** Awaits, and lets time pass meanwhile where time is simulated. */
  readonly wait: <T>(pending: Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

interface Pair {
  readonly client: RecordingHandler;
  readonly server: RecordingHandler;
  readonly listener: Listener;
}

const timeoutMs = 5_000;
const megabytes = 1024 * 1024;

class Bench {
  readonly world: TransportWorld;
  readonly #opened: RecordingHandler[] = [];
  readonly #listeners: Listener[] = [];

  constructor(world: TransportWorld) {
    this.world = world;
  }

  /** A connection between two recorders; `onServer` is called for data that comes to the server. */
  async pair(onServer?: (server: RecordingHandler) => void): Promise<Pair> {
    const accepted = Promise.withResolvers<RecordingHandler>();
    const listener = await this.listen((connection) => {
      const server = this.record(new RecordingHandler(connection, onServer));
      accepted.resolve(server);
      return server;
    });
    const client = await this.connect(listener.local);
    return { client, server: await this.world.wait(accepted.promise), listener };
  }

  async listen(accept: Parameters<Transport["listen"]>[1]): Promise<Listener> {
    const { transport, address, wait } = this.world;
    const listener = await wait(transport.listen({ address, port: 0 }, accept));
    this.#listeners.push(listener);
    return listener;
  }

  async connect(to: Endpoint): Promise<RecordingHandler> {
    const handed = Promise.withResolvers<RecordingHandler>();
    const connecting = this.world.transport.connect(to, { timeoutMs }, (connection) => {
      const client = this.record(new RecordingHandler(connection));
      handed.resolve(client);
      return client;
    });
    await this.world.wait(connecting);
    return await handed.promise;
  }

  record(handler: RecordingHandler): RecordingHandler {
    this.#opened.push(handler);
    return handler;
  }

  until(handler: RecordingHandler, condition: (handler: RecordingHandler) => boolean) {
    return this.world.wait(handler.until(condition));
  }

  /** Closes everything; then everybody must have been told once, and last. */
  async finish(): Promise<void> {
    for (const handler of this.#opened) handler.connection.destroy();
    for (const handler of this.#opened) await this.until(handler, (it) => it.isClosed);
    for (const listener of this.#listeners) await this.world.wait(listener.stop());
    for (const { events } of this.#opened) {
      expect(events.filter((event) => event.startsWith("closed"))).toHaveLength(1);
      expect(events.at(-1)).toStartWith("closed");
    }
    await this.world.close();
  }
}

/** `clear`: it has no TLS, and says so. */
export function transportSuite(
  name: string,
  open: () => Promise<TransportWorld>,
  carries: "clear" | "tls" = "tls",
): void {
  describe(`${name}: Transport`, () => {
    let bench: Bench;
    beforeEach(async () => {
      bench = new Bench(await open());
    });
    afterEach(() => bench.finish());

    connecting(() => bench);
    carrying(() => bench);
    backPressure(() => bench);
    closing(() => bench);
    if (carries === "clear") return;
    upgrading(() => bench);
    ordering(() => bench);
    failingUpgrades(() => bench);
  });
}

function connecting(bench: () => Bench): void {
  test("both ends know their addresses, and the other's", async () => {
    const { client, server } = await bench().pair();
    expect(client.connection.local).toEqual(server.connection.remote);
    expect(client.connection.remote).toEqual(server.connection.local);
    expect(server.connection.local.address).toBe(bench().world.address);
    client.connection.destroy();
    await bench().until(server, (it) => it.isClosed);
    expect(client.connection.local).toEqual(server.connection.remote);
  });

  test("a connection to where nobody listens is refused", async () => {
    const listener = await bench().listen((connection) => new RecordingHandler(connection));
    await bench().world.wait(listener.stop());
    const refused = bench().connect(listener.local);
    expect(await failureOf(refused)).toBeInstanceOf(ConnectFailed);
  });

  test("a host that does not answer is given up after the timeout", async () => {
    const { silent, transport, wait } = bench().world;
    if (silent === undefined) return; // Skipped: no address of loopback is silent.
    const options = { timeoutMs: 30 };
    const connecting = transport.connect(silent, options, (it) => new RecordingHandler(it));
    expect(String(await failureOf(wait(connecting)))).toContain("timed out");
  });

  test("an address that is in use cannot be had", async () => {
    const { local } = await bench().listen((connection) => new RecordingHandler(connection));
    const again = bench().world.transport.listen(local, (it) => new RecordingHandler(it));
    expect(String(await failureOf(again))).toContain("EADDRINUSE");
  });

  test("an address of another host cannot be had", async () => {
    const at = { address: "192.0.2.7", port: 0 };
    const listening = bench().world.transport.listen(at, (it) => new RecordingHandler(it));
    expect(String(await failureOf(listening))).toContain("EADDRNOTAVAIL");
  });

  test("a listener that stops leaves its connections alone", async () => {
    const { client, server, listener } = await bench().pair();
    await bench().world.wait(listener.stop());
    await bench().world.wait(listener.stop());
    client.say("still here");
    await bench().until(server, (it) => it.text === "still here");
    expect(await failureOf(bench().connect(listener.local))).toBeInstanceOf(ConnectFailed);
  });

  test("what the listener says at once reaches the client", async () => {
    const listener = await bench().listen((connection) => {
      connection.write(new TextEncoder().encode("220 hello\r\n"));
      return bench().record(new RecordingHandler(connection));
    });
    const client = await bench().connect(listener.local);
    await bench().until(client, (it) => it.text === "220 hello\r\n");
  });

  test("a connection destroyed while it is accepted is closed for both", async () => {
    const accepted = Promise.withResolvers<RecordingHandler>();
    const listener = await bench().listen((connection) => {
      connection.destroy();
      const server = bench().record(new RecordingHandler(connection));
      accepted.resolve(server);
      return server;
    });
    const client = await bench().connect(listener.local);
    await bench().until(client, (it) => it.isClosed);
    await bench().until(await accepted.promise, (it) => it.isClosed);
  });
}

function carrying(bench: () => Bench): void {
  test("bytes arrive in order, whatever the sizes of the writes", async () => {
    const { client, server } = await bench().pair();
    const sent: string[] = [];
    for (let i = 0; i < 500; i++) {
      const text = `${i}:${"x".repeat((i * 37) % 900)};`;
      sent.push(text);
      client.say(text);
    }
    const all = sent.join("");
    await bench().until(server, (it) => it.size >= all.length);
    expect(server.text).toBe(all);
  });

  test.each([
    ["array", new Uint8Array(3 * megabytes)],
    ["Buffer", Buffer.alloc(3 * megabytes)],
  ])("the %s that was written may be reused at once", async (_, scratch) => {
    const { client, server } = await bench().pair();
    scratch.fill(1);
    client.connection.write(scratch);
    scratch.fill(2);
    client.connection.write(scratch.subarray(0, 1));
    await bench().until(server, (it) => it.size === 3 * megabytes + 1);
    expect(server.bytes.indexOf(2)).toBe(3 * megabytes);
  });

  test("both directions at once", async () => {
    const { client, server } = await bench().pair((it) => {
      it.connection.write(it.bytes.subarray(-1));
    });
    client.connection.write(pattern(megabytes));
    server.connection.write(pattern(megabytes));
    await bench().until(server, (it) => it.size === megabytes);
    await bench().until(client, (it) => it.size > megabytes);
    expect(Buffer.compare(server.bytes, pattern(megabytes))).toBe(0);
  });
}

function backPressure(bench: () => Bench): void {
  test("a reader that pauses holds the writer back, and gets all when it resumes", async () => {
    const { client, server } = await bench().pair();
    server.connection.pause();
    const content = pattern(24 * megabytes);
    expect(client.connection.write(content)).toBeGreaterThan(0);
    expect(client.connection.write(new Uint8Array(0))).toBeGreaterThan(0);
    expect(server.size).toBe(0);
    server.connection.resume();
    await bench().until(client, (it) => it.events.includes("drained"));
    await bench().until(server, (it) => it.size === content.length);
    expect(Buffer.compare(server.bytes, content)).toBe(0);
  });

  test("a reader may pause after every piece", async () => {
    const { client, server } = await bench().pair((it) => {
      it.connection.pause();
      queueMicrotask(() => it.connection.resume());
    });
    const content = pattern(2 * megabytes);
    client.connection.write(content);
    await bench().until(server, (it) => it.size === content.length);
    expect(Buffer.compare(server.bytes, content)).toBe(0);
  });

  test("the end waits behind what a paused reader has not read", async () => {
    const { client, server } = await bench().pair();
    server.connection.pause();
    client.say("last words");
    client.connection.end();
    server.connection.resume();
    await bench().until(server, (it) => it.events.includes("ended"));
    expect(server.text).toBe("last words");
  });
}

function closing(bench: () => Bench): void {
  test("the side whose peer has ended can still write", async () => {
    const { client, server } = await bench().pair();
    client.say("question");
    client.connection.end();
    await bench().until(server, (it) => it.events.includes("ended"));
    expect(server.text).toBe("question");
    server.say("answer");
    server.connection.end();
    await bench().until(client, (it) => it.isClosed);
    await bench().until(server, (it) => it.isClosed);
    expect(client.text).toBe("answer");
    expect(client.events).toEqual(["closed"]);
    expect(server.events).toEqual(["ended", "closed"]);
  });

  test("end() sends all that was written before", async () => {
    const { client, server } = await bench().pair();
    const content = pattern(8 * megabytes);
    client.connection.write(content);
    client.connection.end();
    await bench().until(server, (it) => it.events.includes("ended"));
    expect(Buffer.compare(server.bytes, content)).toBe(0);
  });

  test("destroy() closes both ends; the other is told that it was not orderly", async () => {
    const { client, server } = await bench().pair();
    client.connection.destroy();
    client.connection.destroy();
    client.connection.end();
    expect(client.events).toEqual([]);
    await bench().until(server, (it) => it.isClosed);
    await bench().until(client, (it) => it.isClosed);
    expect(client.events).toEqual(["closed"]);
    expect(server.events).toEqual(["closed with an error"]);
  });

  test("no data comes after destroy(), even out of the same piece of work", async () => {
    const { client, server } = await bench().pair((it) => it.connection.destroy());
    client.connection.write(pattern(4 * megabytes));
    await bench().until(client, (it) => it.isClosed);
    await bench().until(server, (it) => it.isClosed);
    expect(server.events).toEqual(["closed"]);
  });

  test("a closed connection swallows everything", async () => {
    const { client, server } = await bench().pair();
    client.connection.destroy();
    await bench().until(client, (it) => it.isClosed);
    await bench().until(server, (it) => it.isClosed);
    for (const { connection } of [client, server]) {
      expect(connection.write(new Uint8Array(10))).toBe(0);
      connection.pause();
      connection.resume();
      connection.end();
      connection.destroy();
      expect(String(await failureOf(connection.startTls("mx.example")))).toContain("closed");
    }
  });

  test("an owner that throws loses its connection, and nobody else does", async () => {
    const { client, server } = await bench().pair(() => {
      throw new Error("a fault of the owner");
    });
    const other = await bench().pair();
    client.say("x");
    await bench().until(server, (it) => it.isClosed);
    await bench().until(client, (it) => it.isClosed);
    expect(server.events).toEqual(["closed with an error"]);
    other.client.say("y");
    await bench().until(other.server, (it) => it.text === "y");
  });
}

/** The server answers "STARTTLS" as an SMTP server does, and greets anew under TLS. */
async function upgraded(bench: Bench, serverName: string) {
  const served = Promise.withResolvers<TlsInfo>();
  const { client, server } = await bench.pair((it) => {
    if (it.text !== "STARTTLS\r\n") return;
    it.say("220 go\r\n");
    served.resolve(it.connection.serveTls(bench.world.identity));
  });
  client.say("STARTTLS\r\n");
  await bench.until(client, (it) => it.text === "220 go\r\n");
  const clientTls = await bench.world.wait(client.connection.startTls(serverName));
  const serverTls = await bench.world.wait(served.promise);
  return { client, server, clientTls, serverTls };
}

function upgrading(bench: () => Bench): void {
  test("TLS in mid-stream: both sides agree, and only clear text reaches the owners", async () => {
    const { client, server, clientTls, serverTls } = await upgraded(bench(), "mx.example");
    expect(clientTls.protocol).toStartWith("TLSv1.");
    expect(clientTls.cipher).toBe(serverTls.cipher);
    expect([clientTls.isVerified, serverTls.isVerified]).toEqual([bench().world.canVerify, false]);
    expect([clientTls.peer, serverTls.peer]).toEqual(["mx.example", undefined]);
    client.say("EHLO client.example\r\n");
    await bench().until(server, (it) => it.text === "STARTTLS\r\nEHLO client.example\r\n");
    server.say("250 hello\r\n");
    await bench().until(client, (it) => it.text === "220 go\r\n250 hello\r\n");
  });

  test("a certificate for another name is told, not enforced", async () => {
    const { client, server, clientTls } = await upgraded(bench(), "other.example");
    expect(clientTls.isVerified).toBe(false);
    expect(clientTls.verifyError).toBeString();
    expect(clientTls.peer).toBe("mx.example");
    client.say("x");
    await bench().until(server, (it) => it.text.endsWith("x"));
  });

  test("TLS from the first byte", async () => {
    const { identity, wait } = bench().world;
    const served = Promise.withResolvers<RecordingHandler>();
    const listener = await bench().listen((connection) => {
      const server = bench().record(new RecordingHandler(connection));
      void connection.serveTls(identity).then(() => server.say("220 hello\r\n"));
      served.resolve(server);
      return server;
    });
    const client = await bench().connect(listener.local);
    await wait(client.connection.startTls("mx.example"));
    await bench().until(client, (it) => it.text === "220 hello\r\n");
    expect((await served.promise).text).toBe("");
  });

  test("under TLS: large writes, a reader that pauses, and the end", async () => {
    const { client, server } = await upgraded(bench(), "mx.example");
    server.connection.pause();
    const content = pattern(12 * megabytes);
    expect(client.connection.write(content)).toBeGreaterThan(0);
    client.connection.end();
    server.connection.resume();
    await bench().until(server, (it) => it.events.includes("ended"));
    expect(Buffer.compare(server.bytes.subarray("STARTTLS\r\n".length), content)).toBe(0);
    server.say("221 bye\r\n");
    server.connection.end();
    await bench().until(client, (it) => it.isClosed);
    await bench().until(server, (it) => it.isClosed);
    expect(client.text).toEndWith("221 bye\r\n");
    expect(client.events.at(-1)).toBe("closed");
    expect(server.events.at(-1)).toBe("closed");
  });

  test("what is written during the handshake goes out under TLS, after it", async () => {
    const { client, server } = await bench().pair((it) => {
      if (it.text !== "STARTTLS") return;
      it.say("220");
      void it.connection.serveTls(bench().world.identity);
    });
    client.say("STARTTLS");
    await bench().until(client, (it) => it.text === "220");
    const started = client.connection.startTls("mx.example");
    client.say("early");
    await bench().world.wait(started);
    await bench().until(server, (it) => it.text === "STARTTLSearly");
  });
}

/** A driver that is told later drops what comes, as it must before the handshake. */
function ordering(bench: () => Bench): void {
  test("the handshake is told before the data behind it", async () => {
    const { identity, wait } = bench().world;
    for (let round = 0; round < 20; round++) {
      const order: string[] = [];
      const { client, server } = await bench().pair((it) => {
        order.push(it.size === 8 ? "clear" : "data");
        if (it.size !== 8) return;
        it.say("220");
        void serve();
      });
      const serve = async () => {
        await server.connection.serveTls(identity);
        await Promise.resolve();
        order.push("tls");
        server.say("250");
      };
      client.say("STARTTLS");
      await bench().until(client, (it) => it.text === "220");
      const starting = client.connection.startTls("mx.example");
      client.say("early");
      await wait(starting);
      await bench().until(client, (it) => it.text === "220250");
      await bench().until(server, (it) => it.size === 13);
      expect(order).toEqual(["clear", "tls", "data"]);
    }
  });
}

function failingUpgrades(bench: () => Bench): void {
  test("a client that sends garbage instead of a handshake loses its connection", async () => {
    const { client, server } = await bench().pair();
    const serving = bench().world.wait(server.connection.serveTls(bench().world.identity));
    client.say("GET / HTTP/1.0\r\n\r\n");
    expect(await failureOf(serving)).toBeInstanceOf(Error);
    await bench().until(server, (it) => it.isClosed);
    await bench().until(client, (it) => it.events.length > 0);
    expect(server.text).toBe("");
  });

  test("a server that sends garbage instead of a handshake loses its connection", async () => {
    const { client, server } = await bench().pair();
    const starting = bench().world.wait(client.connection.startTls("mx.example"));
    server.say("554 no\r\n");
    expect(await failureOf(starting)).toBeInstanceOf(Error);
    await bench().until(client, (it) => it.isClosed);
    expect(client.text).toBe("");
  });

  test("a peer that closes during the handshake makes it fail", async () => {
    const { client, server } = await bench().pair();
    const serving = bench().world.wait(server.connection.serveTls(bench().world.identity));
    client.connection.destroy();
    expect(await failureOf(serving)).toBeInstanceOf(Error);
    await bench().until(server, (it) => it.isClosed);
  });

  test("a connection destroyed during the handshake makes it fail", async () => {
    const { server } = await bench().pair();
    const serving = bench().world.wait(server.connection.serveTls(bench().world.identity));
    server.connection.destroy();
    expect(await failureOf(serving)).toBeInstanceOf(Error);
  });
}

/** Not the same from one page to the next, so that a lost or doubled piece shows. */
function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >>> 12)) & 0xff;
  return bytes;
}
