import { expect, test } from "bun:test";
import { provider } from "./provider.ts";

const common = { domainCount: 3, messagesPerSecond: 50, connections: 10, shards: 16 };

test("provider() has limits that its domains' hosts share, each with a home", () => {
  const own = provider({ ...common, hosts: "own" });
  expect([own.hosts.length, own.burst]).toEqual([3, 5]);
  expect(own.routes(2_525)[2]).toEqual({
    domain: "d2.up.example",
    nextHop: { address: "h2.mx.provider.example", port: 2_525 },
  });
  for (const home of Object.values(own.homes)) expect(home).toBeWithin(0, 16);
  expect(provider({ ...common, hosts: "shared" }).hosts).toEqual(["h.mx.provider.example"]);
});
