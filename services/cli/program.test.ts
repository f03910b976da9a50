import { beforeEach, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { FakeIo } from "../../test/support/cli/fake-io.ts";
import { NotedRoles } from "../../test/support/cli/noted-roles.ts";
import { failureOf } from "../../test/support/failure.ts";
import { runGodwit } from "./program.ts";

let io: FakeIo;
let roles: NotedRoles;

beforeEach(() => {
  io = new FakeIo();
  roles = new NotedRoles();
  roles.exitCode = 3;
});

const run = (...args: string[]) => runGodwit(args, io, roles);

const faulty = `hostname: mta1.example.net
listeners:
  - { name: inbound, address: localhost, port: 70000, kind: inbound, localDomains: [example.net] }
usres: []
`;
const faults = [
  'x.yaml:3:31: listeners[0].address: "localhost" is no IP address (127.0.0.1)',
  "x.yaml:3:48: listeners[0].port: 70000 is no port (a number from 1 to 65535)",
  "x.yaml:4:1: usres: is not a known key (did you mean users?)",
];

describe("config check", () => {
  test("tells every fault at once, with its place and a hint", async () => {
    io.files.set("x.yaml", faulty);
    expect(await run("config", "check", "x.yaml")).toBe(2);
    expect(io.stderr.split("\n")).toEqual([...faults, "3 faults in the configuration", ""]);
    expect(io.stdout).toBe("");
  });

  test("tells a machine, too", async () => {
    io.files.set("x.yaml", faulty);
    expect(await run("config", "check", "--config", "x.yaml", "--json")).toBe(2);
    const told = JSON.parse(io.stdout);
    expect(told.file).toBe("x.yaml");
    expect(told.faults).toHaveLength(3);
    expect(told.faults[2]).toEqual({
      line: 4,
      column: 1,
      key: "usres",
      message: "is not a known key",
      hint: "did you mean users?",
    });
    expect(io.stderr).toBe("");
  });

  test("says that there is none, and warns", async () => {
    io.files.set("godwit.yaml", "hostname: mta1.localdomain\n");
    expect(await run("config", "check")).toBe(0);
    expect(io.stdout.split("\n")).toEqual([
      "godwit.yaml: no faults",
      "LISTENER     KIND        AT              TLS",
      "submission   submission  127.0.0.1:2587  STARTTLS",
      "submissions  submission  127.0.0.1:2465  implicit",
      "inbound      inbound     127.0.0.1:2525  STARTTLS",
      "",
    ]);
    expect(io.stderr).toStartWith('warning: hostname is "mta1.localdomain"');
  });

  test("may have no file to check", async () => {
    expect(await run("config", "check", "--json")).toBe(0);
    expect(JSON.parse(io.stdout)).toEqual({ file: null, faults: [], warnings: [] });
  });

  test("of a named file that is not there fails", async () => {
    expect(await run("config", "check", "x.yaml")).toBe(2);
    expect(io.stderr).toBe('Cannot read "x.yaml": there is no such file\n');
  });

  test.each([
    ["EACCES", "this user may not read it"],
    ["EISDIR", "it is a folder"],
    ["EIO", "EIO: so it is"],
  ])("of a file that cannot be read says why: %s", async (code, why) => {
    io.readFile = () => {
      throw Object.assign(new Error(`${code}: so it is`), { code });
    };
    expect(await run("config", "check")).toBe(2);
    expect(io.stderr).toBe(`Cannot read "godwit.yaml": ${why}\n`);
  });
});

describe("standalone", () => {
  test("gets the configuration, and its exit code is the command's", async () => {
    io.files.set("x.yaml", "hostname: mta2.example.net\n");
    expect(await run("standalone", "--config", "x.yaml")).toBe(3);
    const [{ config, warnings, configFile } = {}] = roles.started;
    expect([config?.hostname, warnings, configFile]).toEqual(["mta2.example.net", [], "x.yaml"]);
  });

  test("starts without a file, too", async () => {
    expect(await run("standalone")).toBe(3);
    expect(roles.started[0]?.configFile).toBeUndefined();
    expect(roles.started[0]?.config.listeners).toHaveLength(3);
  });

  test("is not started with a faulty one", async () => {
    io.files.set("x.yaml", faulty);
    expect(await run("standalone", "-c", "x.yaml")).toBe(2);
    expect(io.stderr).toContain(faults[2] ?? "");
    expect(roles.started).toEqual([]);
  });

  test("reads the file again when it is asked to", async () => {
    io.files.set("godwit.yaml", "hostname: a.example.net\n");
    await run("standalone");
    io.files.set("godwit.yaml", "hostname: b.example.net\n");
    expect(await roles.started[0]?.reload()).toMatchObject({
      config: { hostname: "b.example.net" },
    });
    io.files.set("godwit.yaml", "hostnam: b.example.net\n");
    expect(await roles.started[0]?.reload()).toMatchObject({ faults: [{ key: "hostnam" }] });
  });

  test("does not take a file that is gone for one without keys", async () => {
    io.files.set("godwit.yaml", "hostname: a.example.net\n");
    await run("standalone");
    io.files.clear();
    const reloading = roles.started[0]?.reload() ?? Promise.resolve();
    expect(String(await failureOf(reloading))).toContain('Cannot read "godwit.yaml"');
  });

  test("that fails is told with its causes, without a stack", async () => {
    const cause = new Error("EADDRINUSE");
    const standalone = () => Promise.reject(new Error("Cannot listen on port 2587", { cause }));
    expect(
      await runGodwit(["standalone"], io, { ...roles, schema: roles.schema, standalone }),
    ).toBe(1);
    expect(io.stderr).toBe("Cannot listen on port 2587: EADDRINUSE\n");
  });
});

const cluster = `
nats: { servers: ["nats://127.0.0.1:4222"] }
cassandra: { contactPoints: ["127.0.0.1:9042"], localDataCenter: datacenter1 }
`;

describe.each(["edge", "delivery", "control"] as const)("%s", (role) => {
  test("gets the configuration, and its exit code is the command's", async () => {
    io.files.set("x.yaml", cluster);
    expect(await run(role, "--config", "x.yaml")).toBe(3);
    expect(roles.started).toMatchObject([{ role, config: { shards: 32 }, configFile: "x.yaml" }]);
  });

  test("looks at all files that it was read from, when it is to watch", async () => {
    io.files.set(
      resolve("hash"),
      `$argon2id$v=19$m=65536,t=2,p=1$${"A".repeat(22)}$${"B".repeat(43)}`,
    );
    io.files.set("x.yaml", `${cluster}users: [{ name: a, passwordHash: { file: hash } }]\n`);
    await run(role, "--config", "x.yaml");
    await run(role, "--config", "x.yaml", "--watch");
    const [unwatched, watched] = roles.started;
    expect(unwatched?.fingerprint).toBeUndefined();
    const before = watched?.fingerprint?.();
    expect(watched?.fingerprint?.()).toBe(before ?? "");
    io.files.delete(resolve("hash"));
    const without = watched?.fingerprint?.();
    expect(without).not.toBe(before ?? "");
    io.files.set(resolve("hash"), "");
    expect(watched?.fingerprint?.()).not.toBe(without ?? "");
    io.files.set("x.yaml", cluster);
    expect(watched?.fingerprint?.()).not.toBe(without ?? "");
  });

  test("looks at those, too, that it is told of when it reads anew", async () => {
    io.files.set("x.yaml", cluster);
    await run(role, "--config", "x.yaml", "--watch");
    const [watched] = roles.started;
    io.files.set("x.yaml", `${cluster}shaping: [s.yaml]\n`);
    io.files.set(resolve("s.yaml"), "domains: {}\n");
    await watched?.reload();
    const before = watched?.fingerprint?.();
    io.files.set(resolve("s.yaml"), "providers: {}\n");
    expect(watched?.fingerprint?.()).not.toBe(before ?? "");
  });

  test("is not started without its servers", async () => {
    io.files.set("godwit.yaml", "hostname: mta1.example.net\n");
    expect(await run(role)).toBe(2);
    expect(io.stderr).toContain("godwit.yaml:1:1: nats: is missing: ");
    expect(roles.started).toEqual([]);
  });

  test("config check --role says the same", async () => {
    expect(await run("config", "check", "--role", role)).toBe(2);
    expect(io.stderr).toContain("nats: is missing");
  });
});

test("config check knows no other role", async () => {
  expect(await run("config", "check", "--role", "edgy")).toBe(2);
  expect(io.stderr).toContain("Allowed choices are standalone, edge, delivery, control");
});

describe("schema apply", () => {
  beforeEach(() => io.files.set("godwit.yaml", cluster));

  test("says what it changed", async () => {
    roles.reports = [
      { server: "NATS", changes: ["made stream Q000"], refusals: [] },
      { server: "Cassandra", changes: [], refusals: [] },
    ];
    expect(await run("schema", "apply")).toBe(0);
    expect(roles.settled).toMatchObject([{ isCheck: false }]);
    expect(io.stdout.split("\n")).toEqual([
      "NATS: done: made stream Q000",
      "Cassandra: all is as it should be",
      "",
    ]);
  });

  test("fails when something was refused", async () => {
    const refusals = ["there are 32 shards, and 3 of them hold mail"];
    roles.reports = [{ server: "NATS", changes: [], refusals }];
    expect(await run("schema", "apply")).toBe(1);
    expect(io.stdout).toBe(`NATS: refused: ${refusals[0]}\n`);
    expect(io.stderr).toContain("what was refused would lose mail");
  });

  test("--check changes nothing, and fails when something differs", async () => {
    roles.reports = [{ server: "Cassandra", changes: ["table unit is missing"], refusals: [] }];
    expect(await run("schema", "apply", "--check")).toBe(1);
    expect(roles.settled).toMatchObject([{ isCheck: true }]);
    expect(io.stdout).toBe("Cassandra: differs: table unit is missing\n");
    roles.reports = [{ server: "Cassandra", changes: [], refusals: [] }];
    expect(await run("schema", "apply", "--check", "--json")).toBe(0);
  });

  test("--wait is for who checks what another makes", async () => {
    expect(await run("schema", "apply", "--check", "--wait")).toBe(0);
    expect(roles.settled).toMatchObject([{ isCheck: true, waits: true }]);
    expect(await run("schema", "apply", "--wait")).toBe(2);
    expect(io.stderr).toContain("--wait goes with --check");
  });

  test("--check --role looks at what a role needs: an edge has nothing to do with Cassandra", async () => {
    io.files.set("edge.yaml", "nats: { servers: ['nats://127.0.0.1:4222'] }\n");
    const words = ["schema", "apply", "--config", "edge.yaml", "--role", "edge"];
    expect(await run(...words, "--check")).toBe(0);
    expect(roles.settled).toMatchObject([{ isCheck: true, servers: ["nats"] }]);
    expect(await run(...words)).toBe(2);
    expect(io.stderr).toContain("--role goes with --check");
    expect(await run("schema", "apply", "--check")).toBe(0);
    expect(roles.settled[1]).toMatchObject({ servers: ["nats", "cassandra"] });
  });

  test("--cassandra-users needs both logins, and changes something", async () => {
    const words = ["schema", "apply", "--cassandra-users"];
    expect(await run(...words)).toBe(2);
    expect(io.stderr).toContain("GODWIT_CASSANDRA_PASSWORD is not set");
    io.environment = { GODWIT_CASSANDRA_PASSWORD: "roles-secret" };
    expect(await run(...words)).toBe(2);
    expect(io.stderr).toContain("neither cassandra nor godwit, and a password");
    expect(await run(...words, "--check")).toBe(2);
    expect(io.stderr).toContain("--cassandra-users does not go with --check");
    expect(roles.settled).toEqual([]);
    io.files.set(
      "godwit.yaml",
      cluster.replace(
        "localDataCenter",
        "username: admin, password: admins-secret, localDataCenter",
      ),
    );
    expect(await run(...words)).toBe(0);
    expect(roles.settled).toMatchObject([{ isCheck: false, rolesPassword: "roles-secret" }]);
    expect(io.stdout + io.stderr).not.toContain("s-secret");
  });

  test("nats-users prints each role's user, for the shards and the namespace of the file", async () => {
    expect(await run("schema", "nats-users")).toBe(0);
    expect(io.stdout).toStartWith("authorization {\n");
    expect(io.stdout).toContain('{ user: "godwit-edge", password: $GODWIT_EDGE_PASSWORD');
    expect(io.stdout).toContain('"mta.q.031.n.>"');
    expect(roles.settled).toEqual([]);
  });

  test("needs both servers", async () => {
    io.files.set("godwit.yaml", "hostname: mta1.example.net\n");
    expect(await run("schema", "apply")).toBe(2);
    expect(io.stderr).toContain("2 faults in the configuration");
  });
});

test.each([
  [["--version"], 0, /^0\.\d+\.\d+\n$/, /^$/],
  [["--help"], 0, /^Usage: godwit .*Examples:.*Exit codes:/s, /^$/],
  [["queue", "--help"], 0, /^Usage: godwit queue .*release/s, /^$/],
  [[], 2, /^$/, /^Usage: godwit/],
  [["stanalone"], 2, /^$/, /Did you mean standalone\?/],
  [["standalone", "--nope"], 2, /^$/, /unknown option '--nope'/],
])("godwit %j ends with %p", async (args, code, out, err) => {
  expect(await run(...args)).toBe(code);
  expect(io.stdout).toMatch(out);
  expect(io.stderr).toMatch(err);
});
