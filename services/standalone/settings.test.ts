import { expect, test } from "bun:test";
import { loadConfig } from "#lib/config/load";
import { deliveryConfigOf, edgeConfigOf } from "./settings.ts";

const loaded = loadConfig(
  `
hostname: mta1.example.net
limits: { sessionsMax: 7, messageSizeMax: 1MiB }
listeners:
  - { name: a, address: 127.0.0.1, port: 0, kind: submission, auth: always }
  - { name: b, address: 127.0.0.1, port: 0, kind: inbound, localDomains: [example.net] }
delivery: { sessionsPerDestinationMax: 2, retry: { first: 1s, notificationLifetime: 1d } }
`,
  { fileName: "godwit.yaml", osHostname: "host", environment: {}, readFile: () => "" },
);
if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
const { config } = loaded;
const identity = { certificate: "c", privateKey: "k" };

test("a listener is what the file says, and else what its kind is", () => {
  const { listeners, limits } = edgeConfigOf(config, identity);
  expect(listeners.map(({ auth }) => auth)).toEqual(["always", "never"]);
  expect(listeners[0]?.limits).toEqual({ messageSizeMax: 1024 * 1024 });
  expect(limits.sessionsMax).toBe(7);
  expect(limits.idleMs).toBe(300_000);
});

test("delivery begins with no more sessions than it may have", () => {
  const { limits, retry, timings } = deliveryConfigOf(config, () => []);
  expect(limits.sessionsPerDestinationFirst).toBe(2);
  expect(retry.firstMs).toBe(1_000);
  expect(timings.stableMembershipMs).toBe(0);
});

test("routes are asked for at each attempt", () => {
  let routes: ReturnType<Parameters<typeof deliveryConfigOf>[1]> = [];
  const delivery = deliveryConfigOf(config, () => routes);
  expect(delivery.routes).toEqual([]);
  routes = [{ domain: "*", nextHop: { protocol: "smtp", host: "relay.example", port: 25 } }];
  expect(delivery.routes).toEqual(routes);
});
