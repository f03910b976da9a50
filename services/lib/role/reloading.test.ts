import { expect, test } from "bun:test";
import type { Config } from "#lib/config/config";
import { loadConfig } from "#lib/config/load";
import { reloaded } from "./reloading.ts";

function configOf(text: string): Config {
  const options = { fileName: "godwit.yaml", osHostname: "host", environment: {} };
  const loaded = loadConfig(text, { ...options, readFile: () => "" });
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

const running = configOf("hostname: mta1.example.net");

test("the same file again needs nothing", () => {
  expect(reloaded(running, configOf("hostname: mta1.example.net"))).toEqual({
    config: running,
    restartKeys: [],
  });
});

test("routes, shaping and limits are taken over", () => {
  const next = configOf(`
hostname: mta1.example.net
routes: [{ domain: "*", nextHop: "smtp://127.0.0.1:2526" }]
limits: { sessionsMax: 7 }
shaping: [shaping.yaml]
`);
  const { config, restartKeys } = reloaded(running, next);
  expect({ config, restartKeys }).toEqual({ config: next, restartKeys: [] });
  expect(config.shaping).toBe(next.shaping);
  expect(config.shaping).not.toBe(running.shaping);
});

test("sources and pools are taken over, without the rest of delivery", () => {
  const egress =
    "sources: [{ name: ip1, address: 192.0.2.1 }], pools: [{ name: p, sources: { ip1: 1 } }]";
  const next = configOf(`hostname: mta1.example.net\ndelivery: { ${egress} }`);
  expect(reloaded(running, next)).toEqual({ config: next, restartKeys: [] });
  const more = configOf(`hostname: mta1.example.net\ndelivery: { sessionsMax: 7, ${egress} }`);
  expect(reloaded(running, more)).toEqual({ config: next, restartKeys: ["delivery"] });
});

test("what the parts stand on stays, and is named", () => {
  const next = configOf(`
hostname: mta2.example.net
data: ./elsewhere
shards: 8
edgeThreads: 0
dns: { servers: ["127.0.0.1:53"] }
delivery: { sessionsMax: 7 }
control: { port: 8026 }
log: { level: debug }
`);
  const { config, restartKeys } = reloaded(running, next);
  // Events are in data.
  expect(restartKeys).toEqual([
    ...["hostname", "data", "shards", "edgeThreads", "dns", "delivery", "control", "log", "events"],
  ]);
  expect(config).toEqual({ ...running, listeners: next.listeners });
});
