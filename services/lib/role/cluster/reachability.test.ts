import { expect, test } from "bun:test";
import { ConnectFailed, type Connection, type Transport } from "#lib/net/transport";
import { placeOfUrl, unreachable } from "./reachability.ts";

/** Only hosts called `up` listen. */
const transport: Pick<Transport, "connect"> = {
  async connect({ address, port }) {
    if (address !== "up") throw new ConnectFailed(`cannot connect to ${address} port ${port}`);
    const connection: Partial<Connection> = { destroy: () => {} };
    return Object(connection);
  },
};

test("all that listen are no trouble", async () => {
  expect(await unreachable([{ address: "up", port: 1 }], transport)).toBeUndefined();
});

test("each that does not is named, and keeps no work away", async () => {
  const places = ["up", "down", "gone"].map((address) => ({ address, port: 1 }));
  expect(await unreachable(places, transport)).toEqual({
    reason: "cannot connect to down port 1; cannot connect to gone port 1",
    isBlocking: false,
  });
});

test.each([
  ["nats://127.0.0.1:4223", { address: "127.0.0.1", port: 4223 }],
  ["tls://nats.example", { address: "nats.example", port: 4222 }],
  ["nats://[::1]:4224", { address: "::1", port: 4224 }],
])("%s is at %p", (url, place) => {
  expect(placeOfUrl(url)).toEqual(place);
});
