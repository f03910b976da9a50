import { expect, test } from "bun:test";
import type { Transport } from "#lib/net/transport";
import { failureOf } from "../../test/support/failure.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { spread } from "./workload.ts";

test("spread() lets the first connection go at once, and each other after a pause", async () => {
  const clock = new ManualClock();
  const at: number[] = [];
  const transport: Transport = {
    listen: () => Promise.reject(new Error("nobody listens")),
    connect: async () => {
      at.push(clock.monotonic());
      throw new Error("nobody is there");
    },
  };
  const spreading = spread(transport, clock, 10);
  const connect = () => {
    const to = { address: "127.0.0.1", port: 1 };
    return failureOf(spreading.connect(to, { timeoutMs: 1 }, () => ({ data() {}, closed() {} })));
  };
  const three = [connect(), connect(), connect()];
  await three[0];
  clock.advance(10);
  await three[1];
  clock.advance(10);
  await three[2];
  expect(at).toEqual([0, 10, 20]);
  clock.advance(100);
  await connect();
  expect(at).toEqual([0, 10, 20, 120]);
});
