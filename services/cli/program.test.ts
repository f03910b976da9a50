import { beforeEach, describe, expect, test } from "bun:test";
import { FakeIo } from "../../test/support/cli/fake-io.ts";
import { runGodwit } from "./program.ts";
import type { Roles, Started } from "./roles.ts";

let io: FakeIo;
let started: Started[];

beforeEach(() => {
  io = new FakeIo();
  started = [];
});

const roles: Roles = {
  async standalone(with_) {
    started.push(with_);
    return 3;
  },
};

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

  test("of a file that nobody may read says why", async () => {
    io.readFile = () => {
      throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
    };
    expect(await run("config", "check")).toBe(2);
    expect(io.stderr).toBe('Cannot read "godwit.yaml": EACCES: permission denied\n');
  });
});

describe("standalone", () => {
  test("gets the configuration, and its exit code is the command's", async () => {
    io.files.set("x.yaml", "hostname: mta2.example.net\n");
    expect(await run("standalone", "--config", "x.yaml")).toBe(3);
    const [{ config, warnings, configFile } = {}] = started;
    expect([config?.hostname, warnings, configFile]).toEqual(["mta2.example.net", [], "x.yaml"]);
  });

  test("starts without a file, too", async () => {
    expect(await run("standalone")).toBe(3);
    expect(started[0]?.configFile).toBeUndefined();
    expect(started[0]?.config.listeners).toHaveLength(3);
  });

  test("is not started with a faulty one", async () => {
    io.files.set("x.yaml", faulty);
    expect(await run("standalone", "-c", "x.yaml")).toBe(2);
    expect(io.stderr).toContain(faults[2] ?? "");
    expect(started).toEqual([]);
  });

  test("reads the file again when it is asked to", async () => {
    io.files.set("godwit.yaml", "hostname: a.example.net\n");
    await run("standalone");
    io.files.set("godwit.yaml", "hostname: b.example.net\n");
    expect(await started[0]?.reload()).toMatchObject({ config: { hostname: "b.example.net" } });
    io.files.set("godwit.yaml", "hostnam: b.example.net\n");
    expect(await started[0]?.reload()).toMatchObject({ faults: [{ key: "hostnam" }] });
  });

  test("does not take a file that is gone for one without keys", async () => {
    io.files.set("godwit.yaml", "hostname: a.example.net\n");
    await run("standalone");
    io.files.clear();
    expect(started[0]?.reload()).rejects.toThrow('Cannot read "godwit.yaml"');
  });

  test("that fails is told with its causes, without a stack", async () => {
    const cause = new Error("EADDRINUSE");
    const standalone = () => Promise.reject(new Error("Cannot listen on port 2587", { cause }));
    expect(await runGodwit(["standalone"], io, { standalone })).toBe(1);
    expect(io.stderr).toBe("Cannot listen on port 2587: EADDRINUSE\n");
  });
});

test.each(["edge", "delivery", "control --config x", "schema apply"])(
  "godwit %s comes with the cluster release",
  async (line) => {
    const [name = "", ...rest] = line.split(" ");
    expect(await run(name, ...rest)).toBe(2);
    expect(io.stderr).toBe(
      `"godwit ${name}" comes with the cluster release; this version runs on one machine: godwit standalone\n`,
    );
  },
);

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
