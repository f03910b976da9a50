/**
 * The lower half of a connection on a real socket: what the runtime tells, and what the owner sees.
 */
import { expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { codeOf } from "./bun-connection.ts";
import { bunTransport } from "./bun-transport.ts";
import type { Connection } from "./transport.ts";

test.each([
  ["a string code", Object.assign(new Error("x"), { code: "EADDRINUSE" }), "EADDRINUSE"],
  ["a number is no code", Object.assign(new Error("x"), { code: 98 }), undefined],
  ["an error without a code", new Error("x"), undefined],
  ["no error at all", "EADDRINUSE", undefined],
])("codeOf(): %s", (_, error, code) => {
  expect(codeOf(error)).toBe(code);
});

test("an accept that throws closes that connection and leaves the listener", async () => {
  const transport = bunTransport(systemClock);
  let count = 0;
  const listener = await transport.listen({ address: "127.0.0.1", port: 0 }, () => {
    if (count++ === 0) throw new Error("a fault of the owner");
    return { data() {}, closed() {} };
  });
  const connect = () => {
    const closed = Promise.withResolvers<void>();
    const handler = { data() {}, closed: () => closed.resolve() };
    const connecting = transport.connect(listener.local, { timeoutMs: 5_000 }, () => handler);
    return { connecting, closed: closed.promise };
  };
  await connect().closed;
  const second: Connection = await connect().connecting;
  expect(second.remote).toEqual(listener.local);
  second.destroy();
  await listener.stop();
});
