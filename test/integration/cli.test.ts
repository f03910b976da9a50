/** The real `godwit` command, as a process of its own. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { Sink } from "../../loadtest/sink/sink.ts";
import { answered } from "../support/cli/answered.ts";
import { ranGodwit } from "../support/cli/godwit-process.ts";
import { type LogLine, RunningGodwit } from "../support/cli/running-godwit.ts";
import { standaloneYaml } from "../support/cli/standalone-yaml.ts";

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

describe("an operator whose destinations are down", () => {
  let home: string;
  let running: RunningGodwit;
  /** Its port is where `late.example` will come up; until then nobody listens. */
  let downAt: number;
  const ids = new Map<string, string>();

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "godwit-operator-"));
    const closed = await Sink.start();
    downAt = closed.endpoint.port;
    await closed.stop();
    await writeFile(join(home, "godwit.yaml"), configuration(downAt));
    running = await RunningGodwit.start(home);
    for (const domain of ["late.example", "held.example", "unwanted.example"]) {
      ids.set(domain, await submitted(running, domain));
      await running.logged(isAttemptFor(domain));
    }
  });

  afterEach(async () => {
    await running.stop("SIGKILL");
    await rm(home, { recursive: true, force: true });
  });

  const idFor = (domain: string) => ids.get(domain) ?? "";

  test("sees what waits, and why", async () => {
    const { out: list } = await running.operate("queue", "list");
    expect(list.split("\n")).toHaveLength(5);
    expect(list).toMatch(
      /^01\w{24}\.0 .*<a@source\.example> +<b@late\.example> .*connection refused/m,
    );
    const { out: summary } = await running.operate("queue", "summary", "late.example");
    expect(summary).toMatch(/^late\.example +down +in \S+ .*connection refused$/m);
    const { out: shown } = await running.operate("queue", "show", idFor("late.example"));
    expect(shown).toContain("Subject: to late.example\n");
    expect(shown).toMatch(/^<b@late\.example> .*connection refused$/m);
    const { out: explained } = await running.operate("explain", "late.example");
    expect(explained).toMatch(/^late\.example is down since .*connection refused$/m);
    expect(explained).toMatch(/^The next attempt is in \S+, at /m);
    expect(explained).toContain(`smtp://127.0.0.1:${downAt} (route "*")`);
    const { out: ofMessage } = await running.operate("explain", idFor("late.example"));
    expect(ofMessage).toContain("  waits in the store for late.example, which is down, ");
    expect(ofMessage).toMatch(/^ {2}<b@late\.example>: last at .*connection refused$/m);
    const { out: told } = await running.operate("trace", idFor("late.example"));
    expect(told).toMatch(/ deferred +1 +<b@late\.example> .*connection refused$/m);
    expect(told).toContain(`${idFor("late.example")}.0 is in the queue`);
  });

  test("holds a destination, and releases it", async () => {
    await running.operate("queue", "hold", "held.example", "--reason", "moving");
    const { out } = await running.operate("explain", "held.example");
    expect(out).toContain("held.example is held by an operator since ");
    expect(out).toContain(": moving\n");
    expect((await running.operate("queue", "holds")).out).toContain("held.example");
    await running.operate("queue", "release", "held.example");
    expect((await running.operate("queue", "holds")).err).toBe("There are none.\n");
  });

  test("cancels a message, which is gone then, and its trace says so", async () => {
    const id = idFor("unwanted.example");
    expect((await running.operate("queue", "cancel", id)).out).toBe("1 unit is cancelled\n");
    expect((await running.operate("queue", "show", id)).code).toBe(1);
    expect((await running.operate("trace", id)).out).toMatch(/ cancelled .*unwanted\.example/);
  });

  test("finds everything again after a crash, and a retry delivers it", async () => {
    await running.stop("SIGKILL");
    running = await RunningGodwit.start(home);
    const { out } = await running.operate("queue", "list", "late.example", "--json");
    expect(JSON.parse(out).units).toHaveLength(1);
    const sink = await Sink.start({
      at: { address: "127.0.0.1", port: downAt },
      keep: "messages",
    });
    await using _ = sink;
    const retried = await running.operate("queue", "retry", "late.example");
    expect(retried.code).toBe(0);
    await sink.until(({ messages }) => messages >= 1);
    const [message] = sink.messages;
    expect(message?.recipients.map(({ forwardPath }) => forwardPath)).toEqual(["b@late.example"]);
    await running.logged((line) => line.outcome === "delivered");
    const delivered = / delivered +\d+ +<b@late\.example> .* 250 /;
    const trace = ["trace", idFor("late.example")];
    expect(await answered(running, trace, delivered)).toMatch(delivered);
  });

  test("stops it", async () => {
    expect(await running.stop()).toBe(0);
    const { code, err } = await running.operate("queue", "list");
    expect(code).toBe(1);
    expect(err).toContain("cannot be reached");
  });
});

const configuration = (downAt: number) =>
  standaloneYaml(downAt, "delivery: { retry: { first: 1h } }");

function isAttemptFor(domain: string): (line: LogLine) => boolean {
  return ({ event, recipient }) => event === "attempt" && recipient === `b@${domain}`;
}

/** Resolves to the queue id of the 250 reply. */
async function submitted(running: RunningGodwit, domain: string): Promise<string> {
  const { address, port } = running.at("submission");
  const transport = createTransport({ host: address, port, ignoreTLS: true });
  const { response } = await transport.sendMail({
    from: "a@source.example",
    to: `b@${domain}`,
    subject: `to ${domain}`,
    text: "Hello",
  });
  transport.close();
  const [id = ""] = /\b01[0-9A-Z]{24}\b/.exec(response) ?? [];
  return id;
}
