import { beforeEach, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { FakeIo } from "../../../test/support/cli/fake-io.ts";
import { NotedRoles } from "../../../test/support/cli/noted-roles.ts";
import { runGodwit } from "../program.ts";

let io: FakeIo;

beforeEach(() => {
  io = new FakeIo();
});

const run = (...args: string[]) => runGodwit(["shaping", ...args], io, new NotedRoles());
const lines = () => io.stdout.trimEnd().split("\n");

const good = `
providers:
  google: { connections: 20, messages: none }
domains:
  example.com: { messages: 10/min }
tenants:
  acme: { messages: 1000/h }
`;
const faulty = `
providers: { gogle: { connections: 20 } }
domains: { example.com: { messages: 10 } }
`;
const faults = [
  "own.yaml:2:14: providers.gogle: is a provider without match (did you mean google?)",
  "own.yaml:3:37: domains.example.com.messages: 10 is no rate (a number per s, min, h or d, such as 100/min; or none)",
  "2 faults in the configuration",
];

describe("check", () => {
  test("tells every fault of the files, and ends with 2", async () => {
    io.files.set("own.yaml", faulty);
    expect(await run("check", "own.yaml")).toBe(2);
    expect(io.stderr.trimEnd().split("\n")).toEqual(faults);
    expect(io.stdout).toBe("");
  });

  test("tells those of the configured files, beside the configuration's own", async () => {
    io.files.set("/etc/godwit.yaml", "shaping: [own.yaml, gone.yaml]\nhostnam: x\n");
    io.files.set("/etc/own.yaml", faulty);
    expect(await run("check", "--config", "/etc/godwit.yaml")).toBe(2);
    expect(io.stderr.trimEnd().split("\n")).toEqual([
      '/etc/godwit.yaml:1:21: shaping[1]: cannot read "gone.yaml": no such file (relative to the folder of this file)',
      "/etc/godwit.yaml:2:1: hostnam: is not a known key (did you mean hostname?)",
      ...faults.slice(0, 2).map((line) => `/etc/${line}`),
      "4 faults in the configuration",
    ]);
  });

  test("says what it has looked at", async () => {
    io.files.set("a.yaml", good);
    io.files.set("b.yaml", "");
    expect(await run("check", "a.yaml", "b.yaml")).toBe(0);
    expect(lines()).toEqual(["a.yaml: no faults", "b.yaml: no faults"]);
    io.stdout = "";
    expect(await run("check")).toBe(0);
    expect(lines()).toEqual(["No shaping files are configured: what Godwit brings along applies"]);
  });

  test("tells a machine, too", async () => {
    io.files.set("own.yaml", faulty);
    expect(await run("check", "own.yaml", "--json")).toBe(2);
    expect(JSON.parse(io.stdout)).toMatchObject({
      files: ["own.yaml"],
      faults: [
        { file: "own.yaml", line: 2, key: "providers.gogle" },
        { line: 3, column: 37 },
      ],
    });
    expect(io.stderr).toBe("");
  });

  test("of a file that is not there fails", async () => {
    expect(await run("check", "gone.yaml")).toBe(2);
    expect(io.stderr).toBe('Cannot read "gone.yaml": there is no such file\n');
  });
});

describe("diff", () => {
  test("shows what the configured files change", async () => {
    io.files.set("godwit.yaml", "shaping: [own.yaml]\n");
    io.files.set(resolve("own.yaml"), good);
    expect(await run("diff")).toBe(0);
    expect(lines()).toEqual([
      "ENTRY                KEY          SHIPPED        NOW     SAID AT",
      "providers.google     connections  5              20      own.yaml:3",
      "providers.google     messages     10/s burst 10  none    own.yaml:3",
      "domains.example.com  messages     -              10/min  own.yaml:5",
      "tenants.acme         messages     -              1000/h  own.yaml:7",
    ]);
  });

  test("shows what files would change, to a machine, too", async () => {
    io.files.set("own.yaml", "providers: { google: { connections: 5 } }\n");
    expect(await run("diff", "own.yaml")).toBe(0);
    expect(lines()).toEqual(["Nothing is changed: what Godwit brings along applies"]);
    io.files.set("own.yaml", "default: { idle: 1m }\n");
    io.stdout = "";
    expect(await run("diff", "own.yaml", "--json")).toBe(0);
    expect(JSON.parse(io.stdout)).toEqual([
      { entry: "default", key: "idle", before: "5s", after: "60s", provenance: "own.yaml:1" },
    ]);
  });

  test("of faulty files tells their faults", async () => {
    io.files.set("own.yaml", faulty);
    expect(await run("diff", "own.yaml")).toBe(2);
    expect(io.stderr.trimEnd().split("\n")).toEqual(faults);
  });
});

describe("show", () => {
  beforeEach(() => {
    io.files.set(resolve("own.yaml"), good);
    io.files.set(
      "godwit.yaml",
      `shaping: [own.yaml]
routes: [{ domain: routed.example, nextHop: "smtp://relay.example:25" }, { domain: by.google.example, nextHop: "smtp://smtp-relay.google.com:25" }]
`,
    );
  });

  test("has each value with what it counts for and where it is said", async () => {
    expect(await run("show", "someone@gmail.com", "--source", "s1", "--tenant", "acme")).toBe(0);
    expect(lines()).toEqual([
      "gmail.com: provider google",
      expect.stringMatching(/^SETTING +VALUE +FOR EACH +SAID BY +AT$/),
      expect.stringMatching(/^connections +20 +provider, source +providers\.google +own\.yaml:3$/),
      expect.stringMatching(
        /^newConnections +60\/min burst 10 +provider, source +default +shipped:\d+$/,
      ),
      expect.stringMatching(/^messages +1000\/h +tenant +tenants\.acme +own\.yaml:7$/),
      expect.stringMatching(
        /^messagesPerConnection +50 +provider, source +providers\.google +shipped:\d+$/,
      ),
      expect.stringMatching(
        /^recipientsPerTransaction +100 +provider, source +default +shipped:\d+$/,
      ),
      expect.stringMatching(/^concurrency\.first +5 +shipped:\d+$/),
      expect.stringMatching(/^concurrency\.max +20 +shipped:\d+$/),
      expect.stringMatching(/^idle +5s +shipped:\d+$/),
      expect.stringMatching(/^weight +1 +built in$/),
    ]);
  });

  test("says where `shipped` is: in what defaults prints", async () => {
    await run("show", "example.org", "--json");
    const { settings } = JSON.parse(io.stdout);
    const idle = settings.find(({ setting }: { setting: string }) => setting === "idle");
    const [, line] = idle.provenance.split(":");
    io.stdout = "";
    expect(await run("defaults")).toBe(0);
    expect(io.stdout.split("\n")[Number(line) - 1]).toContain("idle: 5s");
  });

  test.each([
    [["example.org"], "example.org: no provider names it; one may have its mail exchangers (--mx)"],
    [
      ["example.org", "--mx", "mx2.example.org", "mx1.example.org"],
      "example.org: provider mx:mx1.example.org,mx2.example.org",
    ],
    [["example.org", "--mx", "aspmx.l.google.com"], "example.org: provider google"],
    [["example.org", "--provider", "yahoo"], "example.org: provider yahoo"],
    [["routed.example"], "routed.example: goes by a route to a host of no provider"],
    [["by.google.example"], "by.google.example: provider google, by its route"],
    [["routed.example", "--mx", "aspmx.l.google.com"], "routed.example: provider google"],
  ])("finds the provider of %j", async (args, first) => {
    expect(await run("show", ...args)).toBe(0);
    expect(lines()[0]).toBe(first);
  });

  test("has no limits of a provider for what goes by a route to another host", async () => {
    await run("show", "routed.example");
    expect(
      lines()
        .slice(2)
        .map((line) => line.split(" ")[0]),
    ).toEqual(["concurrency.first", "concurrency.max", "idle"]);
  });

  test("wants a domain", async () => {
    expect(await run("show", "no domain")).toBe(2);
    expect(io.stderr).toContain("is no destination");
  });
});
