import { expect, test } from "bun:test";
import type { Config } from "#lib/config/config";
import { loadConfig } from "#lib/config/load";
import { defaultEdgeLimits, serverLimits } from "../edge/config.ts";
import { makeIdentity } from "../edge/identity.ts";
import { clusterExample, exampleConfiguration } from "./config-example.ts";

const identity = await makeIdentity("mta1.example.net");
const passwordHash = await Bun.password.hash("x", {
  algorithm: "argon2id",
  memoryCost: 8,
  timeCost: 1,
});
const tokenHash = `sha256:${"0123456789abcdef".repeat(4)}`;
const files: Readonly<Record<string, string>> = {
  "tls.crt": identity.certificate,
  "tls.key": identity.privateKey,
  "ca.crt": identity.certificate,
  "nats.crt": identity.certificate,
  "nats.key": identity.privateKey,
  "cassandra.crt": identity.certificate,
  "cassandra.key": identity.privateKey,
  socks: "secret\n",
  "otlp.header": "Bearer secret\n",
  "alice.hash": `${passwordHash}\n`,
  "shop.hash": `${tokenHash}\n`,
};

function load(text: string): Config {
  const loaded = loadConfig(text, {
    fileName: "godwit.yaml",
    readFile: (path) => files[path.split("/").at(-1) ?? ""] ?? "",
    environment: {
      GODWIT_TOKEN: "a-token-of-our-own",
      NATS_PASSWORD: "secret",
      CASSANDRA_PASSWORD: "secret",
    },
    osHostname: "mta1.example.net",
  });
  if ("config" in loaded) return loaded.config;
  throw new Error(loaded.faults.map(({ line, message }) => `${line}: ${message}`).join("\n"));
}

/** As if an operator had taken out each `#` before a key, and what stands there instead. */
function withAllKeys(text: string): string {
  const replaced = /^(users|tokens|routes): \[\]$/gm;
  return text
    .replace(replaced, "")
    .replace(/^( *)#(?! |$)/gm, "$1")
    .replace(/^# {2}/gm, "  ");
}

test("the example sets what applies without a file, but for names", () => {
  const { listeners, ...rest } = load("hostname: mta1.example.net\n");
  const named = listeners.map((listener) =>
    listener.kind === "inbound" ? { ...listener, localDomains: ["example.net"] } : listener,
  );
  expect(load(exampleConfiguration)).toEqual({ ...rest, listeners: named });
});

test("every key that it only mentions is taken, too", () => {
  const config = load(withAllKeys(exampleConfiguration));
  const alice = { name: "alice", passwordHash, tenant: "acme", mayActAs: ["blue"] };
  expect(config.users).toEqual([alice]);
  const shop = { name: "shop", tokenHash, tenant: "acme", mayActAs: ["blue"] };
  expect(config.tokens).toEqual([shop]);
  expect(config.listeners.map(({ kind }) => kind)).toContain("http");
  expect(config.shapingFiles).toEqual([{ name: "shaping.yaml", text: "" }]);
  expect(config.routes).toHaveLength(3);
  expect(config.tls).toEqual(identity);
  expect(config.dns.servers).toHaveLength(1);
  expect(config.control).toEqual({ ...load("").control, token: "a-token-of-our-own" });
  expect(config.delivery.name).toBe("worker-1");
});

test("the limits that it mentions are the defaults", () => {
  const config = load(withAllKeys(exampleConfiguration));
  expect(defaultEdgeLimits).toMatchObject(config.limits);
  for (const { kind, limits } of config.listeners) {
    expect(serverLimits(kind === "inbound" ? kind : "submission")).toMatchObject(limits);
    expect(Object.keys(limits).length).toBeGreaterThan(5);
  }
});

test("a cluster's example sets what applies without the keys, and mentions all others", () => {
  const servers = `
nats: { servers: ["nats://127.0.0.1:4222", "nats://127.0.0.1:4223", "nats://127.0.0.1:4224"] }
cassandra: { contactPoints: ["127.0.0.1:9042"], localDataCenter: datacenter1 }
`;
  const { nats, cassandra } = load(servers);
  expect(load(clusterExample)).toMatchObject({ shards: 32, nats, cassandra });
  const all = load(withAllKeys(clusterExample));
  expect(all.nats).toMatchObject({
    ...nats,
    user: "godwit",
    password: "secret",
    tls: { ca: identity.certificate, ...identity },
  });
  expect(all.cassandra).toMatchObject({
    ...cassandra,
    username: "godwit",
    password: "secret",
    tls: { ca: identity.certificate, ...identity },
  });
});

test("no line of it is wider than a terminal", () => {
  const wide = (exampleConfiguration + clusterExample)
    .split("\n")
    .filter((line) => line.length > 100);
  expect(wide).toEqual([]);
});
