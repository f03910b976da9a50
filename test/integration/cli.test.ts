/** The real `godwit` command, as a process of its own. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ranGodwit } from "../support/cli/godwit-process.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-cli-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const godwit = (args: readonly string[], input = "") => ranGodwit(args, { cwd: folder, input });

describe("config check", () => {
  test("lists every fault of a bad file, and ends with 2", async () => {
    await writeFile(
      join(folder, "godwit.yaml"),
      `hostnam: mta1.example.net
listeners:
  - { name: inbound, address: 127.0.0.1, port: 70000, kind: inbound }
tls: { certificate: not-here.crt, privateKey: not-here.key }
`,
    );
    const { code, out, err } = await godwit(["config", "check"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err.split("\n")).toEqual([
      "godwit.yaml:1:1: hostnam: is not a known key (did you mean hostname?)",
      "godwit.yaml:3:5: listeners[0].localDomains: needs at least one domain (such as [example.net]; an inbound listener takes mail for nothing else)",
      "godwit.yaml:3:48: listeners[0].port: 70000 is no port (a number from 1 to 65535)",
      'godwit.yaml:4:21: tls.certificate: cannot read "not-here.crt": no such file (relative to the folder of this file)',
      'godwit.yaml:4:47: tls.privateKey: cannot read "not-here.key": no such file (relative to the folder of this file)',
      "5 faults in the configuration",
      "",
    ]);
  });

  test("takes the example", async () => {
    const { out: example } = await godwit(["config", "example"]);
    await writeFile(join(folder, "example.yaml"), example);
    const { code, out, err } = await godwit(["config", "check", "example.yaml"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toStartWith("example.yaml: no faults\n");
  });
});

test("a bad file lets nothing start", async () => {
  await writeFile(join(folder, "bad.yaml"), "shards: many\n");
  const { code, err } = await godwit(["standalone", "--config", "bad.yaml"]);
  expect(code).toBe(2);
  expect(err).toContain('bad.yaml:1:9: shards: "many" is out of range');
});

test("user hash reads the password from its input", async () => {
  const { code, out, err } = await godwit(["user", "hash"], "wonderland\n");
  expect([code, err]).toEqual([0, ""]);
  expect(await Bun.password.verify("wonderland", out.trimEnd())).toBe(true);
});

test.each([
  [["--help"], 0, /^Usage: godwit .*godwit queue retry example\.com/s],
  [["--version"], 0, /^\d+\.\d+\.\d+\n$/],
  [["queue", "--help"], 0, /^Usage: godwit queue/],
  [["quee"], 2, /^$/],
])("%j ends with %p", async (args, code, out) => {
  const ended = await godwit(args);
  expect(ended.code).toBe(code);
  expect(ended.out).toMatch(out);
});

test("a command that nobody answers says what to do", async () => {
  const { code, err } = await godwit(["queue", "list"]);
  expect(code).toBe(1);
  expect(err).toContain("Godwit makes it at its first start");
});
