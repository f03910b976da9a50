/** Files with one fault each: where it is told, what is said, and what is proposed. */
import { describe, expect, test } from "bun:test";
import { makeIdentity } from "../../edge/identity.ts";
import { faultLine } from "./fault.ts";
import { loadConfig } from "./load.ts";

const pair = await makeIdentity("a.example");
const other = await makeIdentity("b.example");
const hash =
  "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZWhhc2hzb21laGFzaHNvbWVoYXNo";
const files: Readonly<Record<string, string>> = {
  "/etc/tls.crt": pair.certificate,
  "/etc/tls.key": pair.privateKey,
  "/etc/other.key": other.privateKey,
  "/etc/text": "text",
};

function faultsOf(text: string): string[] {
  const loaded = loadConfig(text, {
    fileName: "/etc/godwit.yaml",
    osHostname: "a.example",
    environment: { EMPTY: "", HASH: hash },
    readFile(path) {
      const content = files[path];
      if (content !== undefined) return content;
      const code = path === "/etc/secret" ? "EACCES" : path === "/etc/folder" ? "EISDIR" : "ENOENT";
      throw Object.assign(new Error(code), { code });
    },
  });
  return "faults" in loaded ? loaded.faults.map((fault) => faultLine("f", fault)) : [];
}

/** A listener in one line, with keys of its own. */
function listener(keys: string): string {
  return `listeners: [{ name: a, address: 127.0.0.1, port: 25, ${keys} }]`;
}

describe("a file with", () => {
  test.each([
    ["an unknown key", "color: red", "f:1:1: color: is not a known key (known here: hostname,"],
    ["a mistyped key", "ruotes: []", "f:1:1: ruotes: is not a known key (did you mean routes?)"],
    [
      "a mistyped key within",
      "control:\n  prot: 8025",
      "f:2:3: control.prot: is not a known key (did you mean port?)",
    ],
    [
      "a key of another group",
      "lifetime: 5d",
      "f:1:1: lifetime: is not a known key (it belongs into delivery.retry)",
    ],
    [
      "a key of a list's items",
      "localDomains: [a.example]",
      "f:1:1: localDomains: is not a known key (it belongs into listeners[])",
    ],
    [
      "a mistyped key in a list",
      listener("kind: submission, trustedNetwork: []"),
      "f:1:72: listeners[0].trustedNetwork: is not a known key (did you mean trustedNetworks?)",
    ],
    ["a bad hostname", "hostname: my host", 'f:1:11: hostname: "my host" is no host name'],
    ["an empty hostname", "hostname:", "f:1:10: hostname: nothing is no host name"],
    ["no data", "data: ''", 'f:1:7: data: "" is no text'],
    [
      "too many shards",
      "shards: 1000",
      "f:1:9: shards: 1000 is out of range (a whole number, 1 to",
    ],
    ["a fraction of shards", "shards: 1.5", "f:1:9: shards: 1.5 is out of range"],
    ["no listener", "listeners: []", "f:1:12: listeners: needs at least one listener"],
    ["a listener that is text", "listeners: [x]", 'f:1:13: listeners[0]: "x" is no group of keys'],
    ["listeners that are one", "listeners: { name: a }", "f:1:12: listeners: {"],
    [
      "a listener without port",
      "listeners:\n  - name: a\n    address: ::1\n    kind: submission",
      "f:2:5: listeners[0].port: is missing",
    ],
    ["a listener without kind", listener("auth: never"), "f:1:13: listeners[0].kind: is missing"],
    [
      "an unknown kind",
      listener("kind: relay"),
      'f:1:60: listeners[0].kind: "relay" is not known (one of submission, inbound, http)',
    ],
    [
      "an unknown auth",
      listener("kind: submission, auth: undertls"),
      'f:1:78: listeners[0].auth: "undertls" is not known (did you mean underTls?)',
    ],
    [
      "a flag in words",
      listener("kind: submission, requireTls: 'yes'"),
      'f:1:84: listeners[0].requireTls: "yes" is no true or false',
    ],
    [
      "an open relay",
      listener("kind: submission, trustedNetworks: [0.0.0.0/0]"),
      "f:1:90: listeners[0].trustedNetworks[0]: 0.0.0.0/0 trusts the whole Internet: an open relay",
    ],
    [
      "a bad network",
      listener("kind: submission, trustedNetworks: [10.0.0.0/8, 10.1]"),
      "f:1:102: listeners[0].trustedNetworks[1]: 10.1 is no network",
    ],
    [
      "proxies from anywhere",
      listener("kind: submission, proxyProtocol: { trustedNetworks: ['::/0'] }"),
      "f:1:107: listeners[0].proxyProtocol.trustedNetworks[0]: ::/0 trusts the whole Internet: an open relay",
    ],
    [
      "no proxies",
      listener("kind: submission, proxyProtocol: { trustedNetworks: [] }"),
      "f:1:106: listeners[0].proxyProtocol.trustedNetworks: needs at least one",
    ],
    [
      "local domains of a submission",
      listener("kind: submission, localDomains: [a.example]"),
      "f:1:86: listeners[0].localDomains: is only for inbound",
    ],
    [
      "trusted networks of an inbound",
      listener("kind: inbound, localDomains: [a.example], trustedNetworks: [::1/128]"),
      "f:1:113: listeners[0].trustedNetworks: is only for submission",
    ],
    [
      "tenants of an inbound",
      listener("kind: inbound, localDomains: [a.example], mayActAs: [acme]"),
      "f:1:106: listeners[0].mayActAs: is only for submission",
    ],
    [
      "a tenant with a blank",
      listener("kind: submission, mayActAs: ['*', a b]"),
      'f:1:88: listeners[0].mayActAs[1]: "a b" is no name',
    ],
    [
      "an inbound for nobody",
      listener("kind: inbound"),
      "f:1:13: listeners[0].localDomains: needs at least one domain (such as [example.net]",
    ],
    [
      "a port taken",
      `${listener("kind: submission")}\ncontrol: { port: 25 }`,
      "f:2:18: control.port: 25 is taken by another listener (another port)",
    ],
    [
      "a port taken by all addresses",
      "listeners:\n  - { name: a, address: 0.0.0.0, port: 8025, kind: submission }",
      "f:1:1: control.port: 8025 is taken by another listener",
    ],
    [
      "two listeners of one name",
      "listeners:\n  - { name: a, address: ::1, port: 1, kind: submission }\n  - { name: a, address: ::1, port: 2, kind: submission }",
      'f:3:13: listeners[1].name: "a" is there already',
    ],
    ["a certificate alone", "tls: { certificate: tls.crt }", "f:1:1: tls.privateKey: is missing"],
    [
      "a certificate that is not there",
      "tls: { certificate: no.crt, privateKey: tls.key }",
      'f:1:21: tls.certificate: cannot read "no.crt": no such file',
    ],
    [
      "a key that may not be read",
      "tls: { certificate: tls.crt, privateKey: secret }",
      'f:1:42: tls.privateKey: cannot read "secret": permission denied',
    ],
    [
      "a folder for a key",
      "tls: { certificate: tls.crt, privateKey: folder }",
      'f:1:42: tls.privateKey: cannot read "folder": it is a folder',
    ],
    [
      "text for a certificate",
      "tls: { certificate: text, privateKey: tls.key }",
      "f:1:21: tls.certificate: holds no certificate (a PEM file)",
    ],
    [
      "another certificate's key",
      "tls: { certificate: tls.crt, privateKey: other.key }",
      "f:1:42: tls.privateKey: does not belong to the certificate",
    ],
    [
      "a key from nowhere",
      "tls: { certificate: tls.crt, privateKey: { env: NOWHERE } }",
      "f:1:42: tls.privateKey: the environment has no NOWHERE (set it where",
    ],
    [
      "a secret from two places",
      "users: [{ name: a, passwordHash: { env: A, file: b } }]",
      "f:1:34: users[0].passwordHash: is not one of { file: … } and { env: … }",
    ],
    [
      "an empty variable",
      "users: [{ name: a, passwordHash: { env: EMPTY } }]",
      "f:1:34: users[0].passwordHash: the environment has no EMPTY",
    ],
    [
      "a plain password",
      "users: [{ name: a, passwordHash: secret }]",
      "f:1:34: users[0].passwordHash: this is no password hash (make one with: godwit user hash)",
    ],
    [
      "a token in the place of its hash",
      "tokens: [{ name: a, tenant: t, tokenHash: gdw_abc }]",
      "f:1:43: tokens[0].tokenHash: this is no token's hash (make both with: godwit token make)",
    ],
    [
      "a token without hash",
      "tokens: [{ name: a, tenant: t }]",
      "f:1:10: tokens[0].tokenHash: is miss",
    ],
    [
      "a network that HTTP would trust",
      "listeners: [{ name: a, address: 127.0.0.1, port: 0, kind: http, trustedNetworks: [127.0.0.0/8] }]",
      "f:1:82: listeners[0].trustedNetworks: is not for http (who submits by HTTP shows one of tokens)",
    ],
    ["a user without hash", "users: [{ name: a }]", "f:1:9: users[0].passwordHash: is missing"],
    [
      "a user that acts as one tenant",
      "users: [{ name: a, passwordHash: { env: HASH }, mayActAs: acme }]",
      'f:1:59: users[0].mayActAs: "acme" is no list',
    ],
    [
      "a user's name with blanks",
      "users: [{ name: a b, passwordHash: { env: HASH } }]",
      'f:1:17: users[0].name: "a b" is no name',
    ],
    [
      "a route to a bad URL",
      "routes: [{ domain: a.example, nextHop: relay }]",
      'f:1:40: routes[0].nextHop: "relay" is no next hop (such as smtp://relay.example.net:25',
    ],
    [
      "a route for no domain",
      "routes: [{ domain: 'a b', nextHop: 'smtp://a.example' }]",
      'f:1:20: routes[0].domain: "a b" is no domain',
    ],
    [
      "two routes for a domain",
      "routes:\n  - { domain: a.example, nextHop: 'smtp://b.example' }\n  - { domain: A.example, nextHop: 'smtp://c.example' }",
      'f:3:15: routes[1].domain: "a.example" is there already',
    ],
    [
      "a name server by name",
      "dns: { servers: [ns.example] }",
      'f:1:18: dns.servers[0]: "ns.example" is no address and port (such as 127.0.0.1:53)',
    ],
    [
      "an unknown class of bounce",
      "suppression: { classes: [bad-mailbx] }",
      'f:1:26: suppression.classes[0]: "bad-mailbx" is not known (did you mean bad-mailbox?)',
    ],
    [
      "a bad span",
      "delivery:\n  retry:\n    first: 5 minutes",
      'f:3:12: delivery.retry.first: "5 minutes" is no span of time',
    ],
    [
      "a factor too small",
      "delivery: { retry: { factor: 0.5 } }",
      "f:1:30: delivery.retry.factor: 0.5 is out of range (a number, 1 to 10)",
    ],
    [
      "a cap too small",
      "delivery: { retry: { first: 1h, cap: 5m } }",
      "f:1:38: delivery.retry.cap: is less than first",
    ],
    [
      "a source that is no address",
      "delivery: { sources: [{ name: a, address: mx.example }] }",
      "f:1:43: delivery.sources[0].address:",
    ],
    [
      "a source's name twice",
      "delivery: { sources: [{ name: a }, { name: a }] }",
      'f:1:44: delivery.sources[1].name: "a" is there already',
    ],
    [
      "a pool of a source that is none",
      "delivery: { sources: [{ name: ip1 }], pools: [{ name: p, sources: { ip2: 1 } }] }",
      "f:1:74: delivery.pools[0].sources.ip2: is no source (one of ip1)",
    ],
    [
      "a pool of nothing",
      "delivery: { pools: [{ name: p, sources: {} }] }",
      "f:1:41: delivery.pools[0].sources: needs at least one source",
    ],
    [
      "an unknown TLS policy",
      "delivery: { tls: maybe }",
      'f:1:18: delivery.tls: "maybe" is not known (one of opportunistic,',
    ],
    [
      "too few recipients",
      "limits: { recipientsMax: 10 }",
      "f:1:26: limits.recipientsMax: 10 is out of range (a whole number, 100 to",
    ],
    [
      "a size without unit",
      "limits: { messageSizeMax: 100000 }",
      "f:1:27: limits.messageSizeMax: 100000 is no size (100000B)",
    ],
    [
      "a size too small",
      "limits: { messageSizeMax: 1KiB }",
      'f:1:27: limits.messageSizeMax: "1KiB" is too little (at least 64KiB)',
    ],
    [
      "bounces that are kept for too short a time",
      "bounces: { keep: 10m }",
      'f:1:18: bounces.keep: "10m" is too little (at least 1h)',
    ],
    [
      "a log level in capitals",
      "log: { level: INFO }",
      'f:1:15: log.level: "INFO" is not known (did you mean info?)',
    ],
    [
      "an NATS server by HTTP",
      "nats: { servers: ['http://a'] }",
      'f:1:19: nats.servers[0]: "http://a" is no such URL (beginning with nats:// or tls://)',
    ],
    [
      "a login in a URL, without repeating it",
      "nats: { servers: ['nats://me:s3cret@a:4222'] }",
      "f:1:19: nats.servers[0]: has a login in its URL (a login has keys of its own, such as user or headers)",
    ],
    [
      "traces beyond all",
      "telemetry: { traces: 2 }",
      "f:1:22: telemetry.traces: 2 is out of range (a number, 0 to 1)",
    ],
    [
      "a name that no header has",
      "telemetry: { headers: { 'x y': a } }",
      'f:1:25: telemetry.headers.x y: "x y" is no name of a header (such as authorization)',
    ],
    [
      "a value that no header has, without repeating it",
      'telemetry: { headers: { authorization: "Bearer\\ts3cret" } }',
      "f:1:40: telemetry.headers.authorization: this is no value of a header (printable ASCII, such as Bearer …)",
    ],
    [
      "a list of headers",
      "telemetry: { headers: [a] }",
      'f:1:23: telemetry.headers: ["a"] is no group of keys',
    ],
  ])("%s", (_, text, fault) => {
    expect(faultsOf(text).map((line) => line.slice(0, fault.length))).toEqual([fault]);
  });
});

describe("text that is no YAML", () => {
  test.each([
    ["a list that does not end", "listeners: [", "f:1:13: "],
    ["a key that is there twice", "data: a\ndata: b", "f:2:1: Map keys must be unique"],
    ["tabs for blanks", "control:\n\tport: 1", "f:2:1: "],
    ["two documents", "a: 1\n---\nb: 2", "f:2:1: "],
    ["a list", "- a", "f:1:1: "],
    ["a word", "godwit", 'f:1:1: "godwit" is no group of keys'],
    ["an alias to nothing", "data: *nothing", "f:1:7: *nothing refers to nothing"],
    [
      "an alias to itself",
      "routes: &r [{ domain: a.example, nextHop: *r }]",
      "f:1:43: *r refers to",
    ],
  ])("%s", (_, text, fault) => {
    const [first = ""] = faultsOf(text);
    expect(first).toStartWith(fault);
  });

  test("aliases that unfold without end are refused", () => {
    const level = (n: number) =>
      `a${n}: &a${n} [${Array(10)
        .fill(`*a${n - 1}`)
        .join(", ")}]`;
    const lines = ["a0: &a0 [x]", ...Array.from({ length: 9 }, (_, i) => level(i + 1))];
    expect(faultsOf(lines.join("\n")).join()).toContain("alias");
  });
});

test("a fault in what an alias stands for is told where it is used, too", () => {
  const text = "dns: { servers: [&server 'ns'] }\ncontrol: { address: *server }";
  const places = faultsOf(text).map((line) => line.split(": ")[0]);
  expect(places).toEqual(["f:1:26", "f:2:21"]);
});
