import { expect, test } from "bun:test";
import type { Config } from "#lib/config/config";
import { loadConfig } from "#lib/config/load";
import { defaultShaping } from "#lib/shaping/load";
import { shapedBy } from "../../../test/support/delivery/shaped.ts";
import { type DeliverySurroundings, deliveryConfigOf } from "./settings.ts";

function configOf(text: string): Config {
  const surroundings = { fileName: "godwit.yaml", osHostname: "host", environment: {} };
  const loaded = loadConfig(text, { ...surroundings, readFile: () => "" });
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

const config = configOf(`
hostname: mta1.example.net
delivery: { retry: { first: 1s, notificationLifetime: 1d } }
`);

test("delivery alone has nobody to wait for", () => {
  const { retry, timings } = deliveryConfigOf(config, {
    routes: () => [],
    egress: () => config.delivery,
    shaping: defaultShaping,
    machineAddresses: [],
    isAlone: true,
  });
  expect(retry.firstMs).toBe(1_000);
  expect(timings.stableMembershipMs).toBe(0);
});

test("among others it waits for the membership to be stable", () => {
  const { timings } = deliveryConfigOf(config, {
    routes: () => [],
    egress: () => config.delivery,
    shaping: defaultShaping,
    machineAddresses: [],
    isAlone: false,
  });
  expect(timings.stableMembershipMs).toBe(5_000);
});

test("routes are asked for at each attempt", () => {
  let routes: ReturnType<DeliverySurroundings["routes"]> = [];
  const delivery = deliveryConfigOf(config, {
    routes: () => routes,
    egress: () => config.delivery,
    shaping: defaultShaping,
    machineAddresses: [],
    isAlone: true,
  });
  expect(delivery.routes).toEqual([]);
  routes = [{ domain: "*", nextHop: { protocol: "smtp", host: "relay.example", port: 25 } }];
  expect(delivery.routes).toEqual(routes);
});

test("sources and pools are asked for anew, with hosts' names apart from ways", () => {
  let egress: ReturnType<DeliverySurroundings["egress"]> = config.delivery;
  const delivery = deliveryConfigOf(config, {
    routes: () => [],
    egress: () => egress,
    shaping: defaultShaping,
    machineAddresses: [],
    isAlone: true,
  });
  expect([delivery.sources, delivery.pools]).toEqual([[], []]);
  egress = {
    sources: [{ name: "ip1", hostname: "out1.example", address: "192.0.2.1" }],
    pools: [{ name: "bulk", sources: { ip1: 3 }, for: [] }],
  };
  expect(delivery.sources).toEqual([
    { name: "ip1", hostname: "out1.example", egress: { address: "192.0.2.1" } },
  ]);
  expect(delivery.pools).toEqual([
    { name: "bulk", sources: [{ name: "ip1", weight: 3 }], for: [] },
  ]);
});

test("shaping and its rules are asked for anew, too", () => {
  let shaping = shapedBy("automation: [{ name: mine, code: 421, do: { action: hold, for: 5m } }]");
  const surroundings = {
    ...{
      routes: () => [],
      egress: () => config.delivery,
      shaping: () => shaping,
    },
    ...{ machineAddresses: [], isAlone: true },
  };
  const delivery = deliveryConfigOf(config, surroundings);
  expect(delivery.shaping().automation).toBe(shaping.automation);
  expect(delivery.shaping().automation).toHaveLength(1);
  shaping = shapedBy();
  expect(delivery.shaping()).toBe(shaping);
  expect(delivery.shaping().automation).toEqual([]);
});

const machineAddresses = ["127.0.0.1", "192.0.2.1", "2001:db8::1"];

test.each<[string, string, readonly string[]]>([
  ["no listener there", "", []],
  ["a listener of another port", "{ address: 0.0.0.0, port: 2525 }", []],
  ["one address", "{ address: 192.0.2.9, port: 25 }", ["192.0.2.9"]],
  ["all IPv4 addresses", "{ address: 0.0.0.0, port: 25 }", ["127.0.0.1", "192.0.2.1"]],
  ["all addresses", '{ address: "0:0::0", port: 25 }', machineAddresses],
])("with %s at the port of mail exchangers these addresses are our own", (_, at, expected) => {
  const listener = at.replace("{", "{ name: inbound, kind: inbound, localDomains: [example.net],");
  const text = `listeners: [${listener}]\ndelivery: { ownAddresses: [203.0.113.5] }`;
  const shaping = defaultShaping;
  const delivery = deliveryConfigOf(configOf(at === "" ? text.slice(text.indexOf("\n")) : text), {
    ...{
      routes: () => [],
      egress: () => config.delivery,
      shaping,
      machineAddresses,
      isAlone: true,
    },
  });
  expect(delivery.ownAddresses).toEqual(["203.0.113.5", ...expected]);
});
