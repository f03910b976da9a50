import { expect, test } from "bun:test";
import { loadConfig } from "#lib/config/load";
import { defaultShaping } from "#lib/shaping/load";
import { shapedBy } from "../../../test/support/delivery/shaped.ts";
import { type DeliverySurroundings, deliveryConfigOf } from "./settings.ts";

const loaded = loadConfig(
  `
hostname: mta1.example.net
delivery: { retry: { first: 1s, notificationLifetime: 1d } }
`,
  { fileName: "godwit.yaml", osHostname: "host", environment: {}, readFile: () => "" },
);
if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
const { config } = loaded;

test("delivery alone has nobody to wait for", () => {
  const { retry, timings } = deliveryConfigOf(config, {
    routes: () => [],
    shaping: defaultShaping,
    isAlone: true,
  });
  expect(retry.firstMs).toBe(1_000);
  expect(timings.stableMembershipMs).toBe(0);
});

test("among others it waits for the membership to be stable", () => {
  const { timings } = deliveryConfigOf(config, {
    routes: () => [],
    shaping: defaultShaping,
    isAlone: false,
  });
  expect(timings.stableMembershipMs).toBe(5_000);
});

test("routes are asked for at each attempt", () => {
  let routes: ReturnType<DeliverySurroundings["routes"]> = [];
  const delivery = deliveryConfigOf(config, {
    routes: () => routes,
    shaping: defaultShaping,
    isAlone: true,
  });
  expect(delivery.routes).toEqual([]);
  routes = [{ domain: "*", nextHop: { protocol: "smtp", host: "relay.example", port: 25 } }];
  expect(delivery.routes).toEqual(routes);
});

test("shaping and its rules are asked for anew, too", () => {
  let shaping = shapedBy("automation: [{ name: mine, code: 421, do: { action: hold, for: 5m } }]");
  const surroundings = { routes: () => [], shaping: () => shaping, isAlone: true };
  const delivery = deliveryConfigOf(config, surroundings);
  expect(delivery.shaping().automation).toBe(shaping.automation);
  expect(delivery.shaping().automation).toHaveLength(1);
  shaping = shapedBy();
  expect(delivery.shaping()).toBe(shaping);
  expect(delivery.shaping().automation).toEqual([]);
});
