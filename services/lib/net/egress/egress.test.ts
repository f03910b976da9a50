import { describe, expect, test } from "bun:test";
import { VirtualClock } from "../../virtual-clock.ts";
import { MemoryNetwork } from "../memory-transport.ts";
import type { Connection, ConnectionHandler } from "../transport.ts";
import { connectBy, type Egress, EgressFailed } from "./egress.ts";

const host = { address: "198.51.100.2", port: 25 };
const proxy = { address: "192.0.2.9", port: 1080 };

class Talk implements ConnectionHandler {
  text = "";
  data(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString("latin1");
  }
  closed(): void {}
}

async function setUp() {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const own = network.transport("192.0.2.1");
  const atProxy = new Talk();
  const proxied: Connection[] = [];
  await network.transport(proxy.address).listen(proxy, (connection) => {
    proxied.push(connection);
    return atProxy;
  });
  const seen: string[] = [];
  await network.transport(host.address).listen(host, (connection) => {
    seen.push(connection.remote.address);
    connection.write(Buffer.from("220 hello"));
    return new Talk();
  });
  const client = new Talk();
  const connect = async (egress: Egress, timeoutMs = 1_000) => {
    const connecting = connectBy(own, egress, {
      to: host,
      options: { timeoutMs, clock },
      handler: () => client,
    });
    connecting.catch(() => {});
    await clock.advance(0);
    return connecting;
  };
  const answer = async (hex: string) => {
    proxied[0]?.write(Buffer.from(hex, "hex"));
    await clock.advance(0);
  };
  return { clock, network, own, client, atProxy, proxied, seen, connect, answer };
}

describe("the way out", () => {
  test("from an address of this machine", async () => {
    const { connect, seen, client, clock } = await setUp();
    await connect({ address: "192.0.2.5" });
    await clock.advance(0);
    expect([seen, client.text]).toEqual([["192.0.2.5"], "220 hello"]);
  });

  test("over a proxy that speaks the PROXY protocol: the header comes first", async () => {
    const { connect, atProxy, client, answer } = await setUp();
    await connect({ address: "192.0.2.5", proxy: { kind: "proxyProtocol", at: proxy } });
    await answer(Buffer.from("220 by proxy").toString("hex"));
    expect(Buffer.from(atProxy.text, "latin1").toString("hex")).toContain("c0000205c6336402");
    expect(client.text).toBe("220 by proxy");
  });

  test("over SOCKS: the host's words come only when it is there", async () => {
    const { clock, own, client, atProxy, answer } = await setUp();
    const connecting = connectBy(
      own,
      { proxy: { kind: "socks5", at: proxy } },
      { to: host, options: { timeoutMs: 1_000, clock }, handler: () => client },
    );
    await clock.advance(0);
    await answer("0500");
    expect(Buffer.from(atProxy.text, "latin1").toString("hex")).toBe(
      "050100" + "05010001c63364020019",
    );
    await answer(`05000001000000000000${Buffer.from("220 hi").toString("hex")}`);
    expect((await connecting).remote).toEqual(proxy);
    expect(client.text).toBe("220 hi");
  });

  test.each([
    ["05ff", true],
    ["0500" + "05050001000000000000", false],
    ["0500" + "05010001000000000000", true],
  ])("an answer %s is the proxy's fault: %p", async (answers, isEgress) => {
    const { clock, own, client, answer } = await setUp();
    const connecting = connectBy(
      own,
      { proxy: { kind: "socks5", at: proxy } },
      { to: host, options: { timeoutMs: 1_000, clock }, handler: () => client },
    ).catch((error: unknown) => error);
    await clock.advance(0);
    await answer(answers);
    expect((await connecting) instanceof EgressFailed).toBe(isEgress);
  });

  test("a proxy that is not there, or does not answer", async () => {
    const { clock, network, own, client } = await setUp();
    const by = (egress: Egress) =>
      connectBy(own, egress, {
        to: host,
        options: { timeoutMs: 1_000, clock },
        handler: () => client,
      }).catch((error: unknown) => error);
    const silent = by({ proxy: { kind: "socks5", at: proxy } });
    await clock.advance(2_000);
    expect(await silent).toBeInstanceOf(Error);
    network.refuse(proxy.address);
    const refused = by({ proxy: { kind: "socks5", at: proxy } });
    await clock.advance(0);
    expect(await refused).toBeInstanceOf(EgressFailed);
  });
});
