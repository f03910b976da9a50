import { expect, test } from "bun:test";
import { loadConfig } from "#lib/config/load";
import { edgeConfigOf } from "./settings.ts";

test("a listener is what the file says, and else what its kind is", () => {
  const loaded = loadConfig(
    `
hostname: mta1.example.net
limits: { sessionsMax: 7, messageSizeMax: 1MiB }
listeners:
  - { name: a, address: 127.0.0.1, port: 0, kind: submission, auth: always }
  - { name: b, address: 127.0.0.1, port: 0, kind: inbound, localDomains: [example.net] }
`,
    { fileName: "godwit.yaml", osHostname: "host", environment: {}, readFile: () => "" },
  );
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  const identity = { certificate: "c", privateKey: "k" };
  const { listeners, limits } = edgeConfigOf(loaded.config, identity);
  expect(listeners.map(({ auth }) => auth)).toEqual(["always", "never"]);
  expect(listeners[0]?.limits).toEqual({ messageSizeMax: 1024 * 1024 });
  expect(limits.sessionsMax).toBe(7);
  expect(limits.idleMs).toBe(300_000);
});

const pool =
  "pools: [{ name: bulk, sources: { ip1: 1 } }], sources: [{ name: ip1, address: 192.0.2.1 }]";
const cluster = `nats: { servers: ["nats://127.0.0.1:4222"] }`;

test.each([
  ["one machine, the pools of its file", `delivery: { ${pool} }`, ["bulk"]],
  ["one machine without pools, that there are none", "", []],
  ["an edge whose file has pools, those", `delivery: { ${pool} }\n${cluster}`, ["bulk"]],
  ["an edge whose file has none, nothing: delivery may have some", cluster, undefined],
])("what X-Godwit-Pool may say is known: to %s", (_, text, expected) => {
  const options = { fileName: "godwit.yaml", osHostname: "host", environment: {} };
  const loaded = loadConfig(text, { ...options, readFile: () => "" });
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  const { pools } = edgeConfigOf(loaded.config, { certificate: "c", privateKey: "k" });
  expect(pools).toEqual(expected as never);
});

test("a listener of HTTP is none of SMTP, and has the limits of all", () => {
  const text = `
limits: { messageSizeMax: 1MiB }
listeners:
  - { name: a, address: 127.0.0.1, port: 0, kind: submission }
  - { name: web, address: 127.0.0.1, port: 0, kind: http, tls: { implicit: true } }
tokens: [{ name: shop, tenant: acme, tokenHash: "sha256:${"0".repeat(64)}" }]
`;
  const options = { fileName: "godwit.yaml", osHostname: "host", environment: {} };
  const loaded = loadConfig(text, { ...options, readFile: () => "" });
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  const { listeners, http } = edgeConfigOf(loaded.config, { certificate: "c", privateKey: "k" });
  expect(listeners.map(({ name }) => name)).toEqual(["a"]);
  expect(http).toMatchObject({
    listeners: [{ name: "web", tls: { implicit: true }, limits: { messageSizeMax: 1024 * 1024 } }],
    tokens: [{ name: "shop", tenant: "acme" }],
  });
});
