import { describe, expect, test } from "bun:test";
import type { DeliveryConfig } from "../../delivery/config.ts";
import { type EdgeConfig, listenerDefaults } from "../../edge/config.ts";
import { makeIdentity } from "../../edge/identity.ts";
import type { Config } from "./config.ts";
import { faultLine } from "./fault.ts";
import { type Loaded, type LoadOptions, loadConfig } from "./load.ts";

const hash =
  "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZWhhc2hzb21laGFzaHNvbWVoYXNo";
const pair = await makeIdentity("mta1.example.net");
const other = await makeIdentity("mta2.example.net");
const files: Readonly<Record<string, string>> = {
  "/etc/godwit/tls.crt": pair.certificate,
  "/etc/godwit/tls.key": pair.privateKey,
  "/etc/godwit/other.key": other.privateKey,
  "/etc/godwit/alice.hash": `${hash}\n`,
  "/etc/godwit/readme.txt": "no certificate\n",
  "/etc/godwit/shaping.yaml": "domains: { a.example: { connections: 3 } }\n",
  "/etc/godwit/more.yaml": "domains: { a.example: { messages: 1/s } }\n",
  "/etc/godwit/bad.yaml": "domains: { a.example: { conections: 3 } }\n",
};

const options: LoadOptions = {
  fileName: "/etc/godwit/godwit.yaml",
  osHostname: "mta1.example.net",
  environment: { ALICE_HASH: hash, TLS_KEY: pair.privateKey, EMPTY: "" },
  readFile(path) {
    const text = files[path];
    if (text !== undefined) return text;
    throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
  },
};

function configOf(loaded: Loaded): Config {
  if ("config" in loaded) return loaded.config;
  throw new Error(loaded.faults.map((fault) => faultLine("f", fault)).join("\n"));
}

/** Each fault as `line:column: key: message (hint)`. */
function faultsOf(text: string): string[] {
  const loaded = loadConfig(text, options);
  return "faults" in loaded ? loaded.faults.map((fault) => faultLine("", fault).slice(1)) : [];
}

const whole = `
hostname: mta1.example.net
data: ./data
listeners:
  - { name: submission, address: 127.0.0.1, port: 2587, kind: submission, trustedNetworks: [127.0.0.0/8] }
  - { name: submissions, address: 127.0.0.1, port: 2465, kind: submission, tls: { implicit: true }, auth: always }
  - { name: inbound, address: "::", port: 2525, kind: inbound, localDomains: [Example.net], requireTls: true, proxyProtocol: { trustedNetworks: [10.0.0.0/24] }, limits: { messageSizeMax: 10MiB } }
tls: { certificate: tls.crt, privateKey: tls.key }
users: [{ name: alice, passwordHash: "${hash}", tenant: acme }]
routes:
  - { domain: example.net, nextHop: "lmtp://127.0.0.1:2424" }
  - { domain: "*.partner.example", nextHop: "smtp://relay.partner.example:25" }
dns: { servers: ["127.0.0.1:53"] }
limits: { recipientsMax: 500, idle: 60s, errorDelay: 2s, messageSizeMax: 5MiB }
delivery: { retry: { first: 5m, factor: 2, cap: 4h, lifetime: 5d }, sources: [], pools: [], ipv6: false }
nats: { servers: ["nats://127.0.0.1:4222"], replicas: 3 }
cassandra: { contactPoints: ["127.0.0.1:9042"], localDataCenter: datacenter1, keyspace: godwit }
control: { address: 127.0.0.1, port: 8025, tokenFile: control.token }
telemetry: { otlp: "http://127.0.0.1:4318", traces: 0.01, headers: { x-scope: mail } }
log: { level: debug }
`;

describe("a whole file", () => {
  const config = configOf(loadConfig(whole, options));

  test("is understood", () => {
    expect(config).toMatchObject({
      hostname: "mta1.example.net",
      data: "/etc/godwit/data",
      shards: 32,
      tls: { certificate: pair.certificate, privateKey: pair.privateKey },
      users: [{ name: "alice", passwordHash: hash, tenant: "acme" }],
      routes: [
        { domain: "example.net", nextHop: { protocol: "lmtp", host: "127.0.0.1", port: 2424 } },
        { domain: "*.partner.example", nextHop: { host: "relay.partner.example", port: 25 } },
      ],
      dns: { servers: [{ address: "127.0.0.1", port: 53 }] },
      limits: { idleMs: 60_000 },
      control: { address: "127.0.0.1", port: 8025, tokenFile: "/etc/godwit/control.token" },
      nats: { replicas: 3 },
      cassandra: { contactPoints: [{ address: "127.0.0.1", port: 9042 }] },
      telemetry: {
        otlp: "http://127.0.0.1:4318",
        traces: 0.01,
        headers: { "x-scope": "mail" },
        intervalMs: 60_000,
      },
      log: { level: "debug" },
    });
  });

  test("gives delivery its settings", () => {
    expect(config.delivery).toEqual({
      name: "mta1.example.net",
      retry: {
        firstMs: 300_000,
        factor: 2,
        capMs: 14_400_000,
        lifetimeMs: 432_000_000,
        notificationLifetimeMs: 172_800_000,
        delayNotificationMs: 14_400_000,
      },
      sessionsMax: 1_000,
      tls: "opportunistic",
      useIpv6: false,
      ownAddresses: [],
      sources: [],
      pools: [],
    });
  });

  test("says after which bounces nothing more is sent", () => {
    expect(config.suppression).toEqual({
      classes: ["bad-mailbox", "inactive-mailbox"],
      forMs: 90 * 86_400_000,
      scope: "tenant",
      notifies: true,
      submission: "accept",
    });
  });

  test("gives each listener the limits of all, and its own before them", () => {
    expect(config.listeners.map(({ limits }) => limits)).toEqual([
      { messageSizeMax: 5_242_880, recipientsMax: 500, errorDelayMs: 2_000 },
      { messageSizeMax: 5_242_880, recipientsMax: 500, errorDelayMs: 2_000 },
      { messageSizeMax: 10_485_760, recipientsMax: 500, errorDelayMs: 2_000 },
    ]);
  });

  test("is what the services take", () => {
    const listeners: EdgeConfig["listeners"] = config.listeners.flatMap(({ kind, ...rest }) =>
      kind === "http" ? [] : [{ ...listenerDefaults(kind), ...rest, kind }],
    );
    const http: EdgeConfig["http"] = { listeners: config.listeners, tokens: config.tokens };
    const users: EdgeConfig["users"] = config.users;
    const limits: Partial<EdgeConfig["limits"]> = config.limits;
    const routes: DeliveryConfig["routes"] = config.routes;
    const retry: DeliveryConfig["retry"] = config.delivery.retry;
    expect(listeners.map(({ auth }) => auth)).toEqual(["underTls", "always", "never"]);
    expect({ http, users, limits, routes, retry }).toBeDefined();
  });
});

describe("shaping", () => {
  test("is made of the files in their order, over the shipped one", () => {
    const config = configOf(loadConfig("shaping: [shaping.yaml, more.yaml]", options));
    expect(config.shapingFiles.map(({ name }) => name)).toEqual([
      "/etc/godwit/shaping.yaml",
      "/etc/godwit/more.yaml",
    ]);
    const { limits } = config.shaping.pathFor({ destination: "a.example", provider: "mx:a" });
    expect(limits.map(({ kind, provenance }) => `${kind} ${provenance}`)).toEqual([
      "connections /etc/godwit/shaping.yaml:1",
      expect.stringMatching(/^newConnections shipped:\d+$/),
      "messages /etc/godwit/more.yaml:1",
    ]);
  });

  test("without files is what is shipped", () => {
    const { shaping, shapingFiles } = configOf(loadConfig("", options));
    expect(shapingFiles).toEqual([]);
    expect(shaping.providerOf("gmail.com", [])).toBe("google");
  });

  test("names files as the configuration does: by the way to them from where one stands", () => {
    const readFile = (path: string) =>
      options.readFile(path.replace(/^.*\/conf\//, "/etc/godwit/"));
    const here = { ...options, fileName: "conf/godwit.yaml", readFile };
    const { shapingFiles } = configOf(loadConfig("shaping: [shaping.yaml]", here));
    expect(shapingFiles.map(({ name }) => name)).toEqual(["conf/shaping.yaml"]);
  });

  test("tells the faults of all files beside its own", () => {
    const loaded = loadConfig("shards: x\nshaping: [bad.yaml, gone.yaml, 3]\n", options);
    const faults = "faults" in loaded ? loaded.faults : [];
    expect(faults.map((fault) => faultLine("godwit.yaml", fault).split(" (")[0])).toEqual([
      'godwit.yaml:1:9: shards: "x" is out of range',
      'godwit.yaml:2:21: shaping[1]: cannot read "gone.yaml": no such file',
      "godwit.yaml:2:32: shaping[2]: 3 is no path",
      "/etc/godwit/bad.yaml:1:25: domains.a.example.conections: is not a known key",
    ]);
  });
});

describe("without a file", () => {
  test.each(["", "\n", "# nothing yet\n", "---\n"])("%p listens on loopback", (text) => {
    const { listeners, control, data, tls } = configOf(loadConfig(text, options));
    expect(listeners.map(({ name, address, port }) => `${name} ${address}:${port}`)).toEqual([
      "submission 127.0.0.1:2587",
      "submissions 127.0.0.1:2465",
      "inbound 127.0.0.1:2525",
    ]);
    expect(listeners[2]?.localDomains).toEqual(["mta1.example.net"]);
    expect(control.tokenFile).toBe("/etc/godwit/data/control.token");
    expect({ data, tls }).toEqual({ data: "/etc/godwit/data", tls: undefined });
  });

  test.each([
    ["mta1.example.net", "mta1.example.net", 0],
    ["laptop", "laptop.localdomain", 1],
    ["", "localhost.localdomain", 1],
    ["bad name", "localhost.localdomain", 1],
  ])("on a host called %p it is %s, with %i warnings", (osHostname, name, count) => {
    const loaded = loadConfig("", { ...options, osHostname });
    expect(configOf(loaded).hostname).toBe(name);
    expect("warnings" in loaded ? loaded.warnings : []).toHaveLength(count);
  });
});

describe("secrets", () => {
  test.each([
    ["in place", `"${hash}"`],
    ["in a file", "{ file: alice.hash }"],
    ["in a file by its whole path", "{ file: /etc/godwit/alice.hash }"],
    ["in the environment", "{ env: ALICE_HASH }"],
  ])("may stand %s", (_, written) => {
    const text = `users: [{ name: alice, passwordHash: ${written} }]`;
    expect(configOf(loadConfig(text, options)).users[0]?.passwordHash).toBe(hash);
  });

  test("so may a private key", () => {
    const text = "tls: { certificate: { file: tls.crt }, privateKey: { env: TLS_KEY } }";
    expect(configOf(loadConfig(text, options)).tls?.privateKey).toBe(pair.privateKey);
  });

  test("are in no fault", () => {
    const text = "users: [{ name: alice, passwordHash: hunter2 }]";
    expect(faultsOf(text).join()).not.toContain("hunter2");
  });
});

describe("warnings", () => {
  const listener = "{ name: a, address: 127.0.0.1, port: 1, kind: submission";
  test.each([
    ["nobody can submit", `listeners: [${listener} }]`, "nobody can submit"],
    [
      "passwords in clear from afar",
      `users: [{ name: a, passwordHash: "${hash}" }]\nlisteners: [{ name: a, address: 0.0.0.0, port: 1, kind: submission, auth: always }]`,
      "takes passwords without TLS",
    ],
    [
      "edges of a cluster know no list",
      'suppression: { submission: refuse }\nnats: { servers: ["nats://127.0.0.1:4222"] }',
      "suppression.submission: refuse is for standalone",
    ],
    ["a bare host name", "hostname: mta", "no name in the DNS"],
  ])("tell that %s", (_, text, warning) => {
    const loaded = loadConfig(text, options);
    expect("warnings" in loaded ? loaded.warnings.join("\n") : loaded).toContain(warning);
  });

  test("a good file has none", () => {
    const loaded = loadConfig(whole, options);
    expect("warnings" in loaded ? loaded.warnings : loaded).toEqual([]);
  });
});

test("all faults of a file are told at once, in its order", () => {
  const text = `hostnmae: mta1.example.net
listeners:
  - { name: a, address: 127.0.0.1, port: 70000, kind: submision }
  - { name: a, address: localhost, kind: submission, port: 25 }
tls: { certificate: nowhere.crt, privateKey: readme.txt }
users:
  - name: alice
delivery:
  retry: { first: 5 }
`;
  expect(faultsOf(text)).toEqual([
    "1:1: hostnmae: is not a known key (did you mean hostname?)",
    "3:42: listeners[0].port: 70000 is no port (a number from 1 to 65535)",
    '3:55: listeners[0].kind: "submision" is not known (did you mean submission?)',
    '4:13: listeners[1].name: "a" is there already (each may stand here once)',
    '4:25: listeners[1].address: "localhost" is no IP address (127.0.0.1)',
    '5:21: tls.certificate: cannot read "nowhere.crt": no such file (relative to the folder of this file)',
    "5:46: tls.privateKey: holds no private key (a PEM file)",
    "7:5: users[0].passwordHash: is missing",
    "9:19: delivery.retry.first: 5 is no span of time (with a unit, such as 5s)",
  ]);
});
