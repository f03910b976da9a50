import { describe, expect, test } from "bun:test";
import { Deadlines } from "#lib/deadlines";
import { MemoryNetwork } from "#lib/net/memory-transport";
import type { Connection } from "#lib/net/transport";
import { VirtualClock } from "#lib/virtual-clock";
import { config, minute } from "../../../test/support/delivery/delivery-bench.ts";
import { type Opened, type RemoteHost, RemoteSession } from "./remote-session.ts";

const address = "192.0.2.1";
const host: RemoteHost = {
  ...{ name: "mx.example", address, port: 25 },
  ...{ protocol: "smtp", isRouted: false },
};

/** A host that says `text` every `everyMs`, from the moment that it is connected to. */
async function babble(text: string, everyMs: number) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const seen = { isClosed: false, closedAt: Number.NaN };
  const say = (connection: Connection) => {
    if (seen.isClosed) return;
    connection.write(Buffer.from(text));
    clock.after(everyMs, () => say(connection));
  };
  await network.transport(address).listen({ address, port: 25 }, (connection) => {
    say(connection);
    const closed = () => Object.assign(seen, { isClosed: true, closedAt: clock.monotonic() });
    return { data: () => {}, ended: () => {}, closed };
  });
  let opened: Opened | undefined;
  void RemoteSession.open(
    host,
    { hostname: "out.example", protocol: "smtp", tls: "never" },
    {
      transport: network.transport("192.0.2.99"),
      clock,
      deadlines: new Deadlines(clock),
      timings: config.timings,
    },
  ).then((it) => {
    opened = it;
  });
  return { clock, seen, network, opened: () => opened };
}

const reasonOf = (opened: Opened | undefined) =>
  opened?.kind === "refused" ? opened.failure.reason : opened?.kind;

describe("a session with a host that never comes to an end", () => {
  test.each([
    ["a line at a time", "220-wait\r\n"],
    ["a character at a time", "2"],
  ])("gives its reply as long as any reply, not each part of it: %s", async (_, text) => {
    const { clock, opened, seen } = await babble(text, 4 * minute);
    await clock.advance(5 * minute + 1_000);
    expect(reasonOf(opened())).toBe("timeout while waiting for greeting");
    expect(seen.isClosed).toBe(true);
  });

  test("is not listened to any more behind the end, however much it says", async () => {
    const { clock, opened, seen, network } = await babble("220-wait\r\n", 10);
    await clock.advance(1_100);
    expect(reasonOf(opened())).toBe("reply has too many lines");
    expect(seen.closedAt).toBeLessThan(1_100);
    expect(network.connectionCount).toBe(0);
  });
});
