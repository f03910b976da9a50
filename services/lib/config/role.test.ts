/** What a cluster's roles need of the file, and the keys about its servers. */
import { describe, expect, test } from "bun:test";
import { faultLine } from "./fault.ts";
import { loadConfig } from "./load.ts";
import type { RoleName } from "./role.ts";

const environment = { SECRET: "s3cret", NATS_TOKEN: "t0ken" };
const creds = "-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n";
const files: Readonly<Record<string, string>> = { "/etc/godwit/nats.creds": creds };

function load(text: string, role?: RoleName) {
  return loadConfig(text, {
    fileName: "/etc/godwit/godwit.yaml",
    osHostname: "worker-1",
    environment,
    readFile(path) {
      const found = files[path];
      if (found !== undefined) return found;
      throw Object.assign(new Error(path), { code: "ENOENT" });
    },
    role,
  });
}

function configOf(text: string, role?: RoleName) {
  const loaded = load(text, role);
  if ("config" in loaded) return loaded.config;
  throw new Error(loaded.faults.map((fault) => faultLine("f", fault)).join("\n"));
}

function faultsOf(text: string, role?: RoleName): string[] {
  const loaded = load(text, role);
  return "faults" in loaded ? loaded.faults.map((fault) => faultLine("f", fault)) : [];
}

const nats = 'nats: { servers: ["nats://127.0.0.1:4222"] }\n';
const cassandra = 'cassandra: { contactPoints: ["cassandra-0"], localDataCenter: dc1 }\n';

describe("a role that lacks its servers is told what to add", () => {
  test.each<[RoleName, string, readonly string[]]>([
    ["standalone", "", []],
    [
      "edge",
      "hostname: a.example\n",
      [
        'f:1:1: nats: is missing: an edge hands mail to NATS (such as nats: { servers: ["nats://127.0.0.1:4222"] })',
      ],
    ],
    ["edge", nats, []],
    [
      "delivery",
      nats,
      [
        'f:1:1: cassandra: is missing: a delivery worker keeps what waits in Cassandra (such as cassandra: { contactPoints: ["127.0.0.1:9042"], localDataCenter: datacenter1 })',
      ],
    ],
    ["delivery", nats + cassandra, []],
    ["control", nats + cassandra, []],
  ])("%s with %j", (role, text, faults) => {
    expect(faultsOf(text, role)).toEqual([...faults]);
  });

  test("control without a line of it", () => {
    expect(faultsOf("", "control")).toHaveLength(2);
  });
});

describe("shards", () => {
  test.each<[RoleName | undefined, string, number]>([
    ["standalone", "", 4],
    ["standalone", nats, 4],
    ["edge", nats, 32],
    [undefined, "", 4],
    [undefined, nats, 32],
    ["edge", `${nats}shards: 16\n`, 16],
  ])("of %p with %j are %i", (role, text, shards) => {
    expect(configOf(text, role).shards).toBe(shards);
  });
});

test("a worker's name is the machine's until the file gives one", () => {
  expect(configOf("").delivery.name).toBe("worker-1");
  expect(configOf("delivery: { name: w7 }\n").delivery.name).toBe("w7");
});

test("an edge without tls is warned that its certificate does not last", () => {
  const loaded = load(nats, "edge");
  expect("warnings" in loaded && loaded.warnings.join()).toContain("self-signed certificate");
});

describe("nats and cassandra", () => {
  test("have defaults for all but their places", () => {
    const config = configOf(nats + cassandra);
    expect(config.nats).toEqual({
      servers: ["nats://127.0.0.1:4222"],
      replicas: 3,
      namespace: "",
      shardBytesMax: 1024 ** 3,
      splitBytesMax: 1024 ** 3,
      bodyBytesMax: 8 * 1024 ** 3,
      journalBytesMax: 8 * 1024 ** 3,
      keysBytesMax: 512 * 1024 ** 2,
      eventsBytesMax: 4 * 1024 ** 3,
    });
    expect(config.cassandra).toEqual({
      contactPoints: [{ address: "cassandra-0", port: 9042 }],
      localDataCenter: "dc1",
      keyspace: "godwit",
      replication: 3,
    });
  });

  test("take secrets from elsewhere", () => {
    const config = configOf(`
nats: { servers: ["tls://nats:4222"], user: godwit, password: { env: SECRET } }
cassandra:
  contactPoints: ["[::1]:9043"]
  localDataCenter: dc1
  username: godwit
  password: { env: SECRET }
  replication: { dc1: 3, dc2: 2 }
control: { token: "a-token-of-our-own" }
`);
    expect(config.nats?.password).toBe("s3cret");
    expect(config.cassandra?.password).toBe("s3cret");
    expect(config.cassandra?.replication).toEqual({ dc1: 3, dc2: 2 });
    expect(config.control.token).toBe("a-token-of-our-own");
    const ofFile = 'nats: { servers: ["nats://a:1"], credentials: { file: nats.creds } }';
    expect(configOf(ofFile).nats?.credentials).toBe(creds.trimEnd());
  });

  const server = 'servers: ["nats://a:1"]';
  test.each([
    [
      `nats: { ${server}, user: a, password: b, token: { env: NATS_TOKEN } }`,
      "f:1:7: nats: has several of user, token and credentials: one is shown to the servers",
    ],
    [`nats: { ${server}, password: b }`, "f:1:7: nats: has a password and no user"],
    [
      `nats: { ${server}, namespace: a.b }`,
      'f:1:45: nats.namespace: "a.b" is no namespace (letters, digits, _ and -, at most 32)',
    ],
    [
      `nats: { ${server}, tls: { ca: missing.crt } }`,
      'f:1:45: nats.tls.ca: cannot read "missing.crt": no such file (relative to the folder of this file)',
    ],
    [
      "cassandra: { contactPoints: [a/b], localDataCenter: dc1 }",
      'f:1:30: cassandra.contactPoints[0]: "a/b" is no host and port (such as 127.0.0.1:9042)',
    ],
    [
      "cassandra: { contactPoints: [a], localDataCenter: dc1, keyspace: Godwit }",
      'f:1:66: cassandra.keyspace: "Godwit" is no keyspace (small letters, digits and _, at most 48)',
    ],
    [
      'cassandra: { contactPoints: [a], localDataCenter: dc1, username: u, password: "" }',
      "f:1:79: cassandra.password: is no text (in quotes, or { file: … } or { env: … })",
    ],
    [
      "control: { token: short }",
      "f:1:19: control.token: this is no token (at least 16 characters that nobody can guess)",
    ],
  ])("a fault in %j is told", (text, fault) => {
    expect(faultsOf(text)).toEqual([fault]);
  });
});
