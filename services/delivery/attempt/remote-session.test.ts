import { describe, expect, test } from "bun:test";
import { Deadlines } from "#lib/deadlines";
import { MemoryNetwork } from "#lib/net/memory-transport";
import type { Connection } from "#lib/net/transport";
import { VirtualClock } from "#lib/virtual-clock";
import { config, minute } from "../../../test/support/delivery/delivery-bench.ts";
import { unitOf } from "../../../test/support/queued.ts";
import { type Opened, type RemoteHost, RemoteSession } from "./remote-session.ts";
import { transactionOf } from "./unit-transaction.ts";

const address = "192.0.2.1";
const host: RemoteHost = {
  ...{ name: "mx.example", address, port: 25 },
  ...{ protocol: "smtp", isRouted: false },
};

/** A host that says these, one every `everyMs` from the moment that it is connected to; the last again and again. */
async function babble(texts: readonly string[], everyMs: number) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const seen = { isClosed: false, closedAt: Number.NaN };
  let said = 0;
  const say = (connection: Connection) => {
    if (seen.isClosed) return;
    connection.write(Buffer.from(texts[said] ?? texts.at(-1) ?? ""));
    said += 1;
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
    const { clock, opened, seen } = await babble([text], 4 * minute);
    await clock.advance(5 * minute + 1_000);
    expect(reasonOf(opened())).toBe("timeout while waiting for greeting");
    expect(seen.isClosed).toBe(true);
  });

  test("is not listened to any more behind the end, however much it says", async () => {
    const { clock, opened, seen, network } = await babble(["220-wait\r\n"], 10);
    await clock.advance(1_100);
    expect(reasonOf(opened())).toBe("reply has too many lines");
    expect(seen.closedAt).toBeLessThan(1_100);
    expect(network.connectionCount).toBe(0);
  });
});

test("each reply to a pipelined envelope has its own time, though it asks for nothing more", async () => {
  const greeting = ["220 Ready\r\n", "250-mx.example\r\n250 PIPELINING\r\n"];
  const { clock, opened } = await babble([...greeting, "250 Ok\r\n", "250 Ok\r\n"], 4 * minute);
  await clock.advance(4 * minute + 1);
  const found = opened();
  if (found?.kind !== "session") throw new Error(reasonOf(found));
  const content = Buffer.from("Subject: x\r\n\r\nHello\r\n");
  const asked = transactionOf(unitOf(), { indexes: [0], content, contentLineMax: 998 });
  const running = found.session.transact(asked);
  // MAIL's at 8 minutes and RCPT's at 12; the one to DATA does not come.
  await clock.advance(11 * minute);
  expect((await running).results).toMatchObject([
    { stage: "data", reason: "timeout while waiting for dataInitiation" },
  ]);
});
