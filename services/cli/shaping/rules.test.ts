import { beforeEach, describe, expect, test } from "bun:test";
import { FakeIo } from "../../../test/support/cli/fake-io.ts";
import { NotedRoles } from "../../../test/support/cli/noted-roles.ts";
import { runGodwit } from "../program.ts";

let io: FakeIo;

const own = `automation:
  - name: ours
    provider: [google, yahoo]
    destination: "*.example"
    code: [421, 45x]
    status: 4.7.*
    reply: slow
    count: 3 in 10m
    do:
      - { action: limit, scope: [provider, source], messages: 10/min, for: 30m }
      - { action: skipHost, for: 5m }
  - { name: spamhaus-listed, off: true }
`;

beforeEach(() => {
  io = new FakeIo();
  io.files.set("own.yaml", own);
});

const run = (...args: string[]) =>
  runGodwit(["shaping", "rules", "own.yaml", ...args], io, new NotedRoles());
const lines = () => io.stdout.split("\n");
const nameIn = (line: string) => line.split(" ")[0];

describe("godwit shaping rules", () => {
  test("lists them all, the operator's first, with what they do and where they stand", async () => {
    expect(await run()).toBe(0);
    const [heading, first, second, ...rest] = lines();
    expect(heading).toMatch(/^RULE +IS +AFTER +SAID AT +THEN$/);
    expect(first).toMatch(
      /^ours +on +3 in 10m +own\.yaml:2 +messages 10\/min per provider, source for 30m; skipHost for 5m$/,
    );
    expect(second).toMatch(
      /^spamhaus-listed +off +1 +shipped-rules:\d+, own\.yaml:12 +changeSource per /,
    );
    expect(rest.length).toBeGreaterThan(30);
  });

  test.each([
    ["421 4.7.1 slow down", "google", "a.example", ["ours"]],
    ["421 4.7.1 slow down", "google", "a.other", []],
    ["421 4.7.1 slow down", "other", "a.example", []],
    ["421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred", "", "", ["yahoo-volume"]],
    ["554 5.7.1 blocked using zen.spamhaus.org", "", "", []],
  ])("tells which match %p", async (reply, provider, destination, names) => {
    const whom = provider === "" ? [] : ["--provider", provider, "--destination", destination];
    expect(await run("--reply", reply, ...whom)).toBe(0);
    expect(lines().slice(1, -1).map(nameIn)).toEqual(names);
    expect(io.stderr).toBe(names.length === 0 ? "None does.\n" : "");
  });

  test("has them as JSON", async () => {
    await run(
      "--json",
      "--reply",
      "421 4.7.1 slow",
      "--provider",
      "google",
      "--destination",
      "a.example",
    );
    expect(JSON.parse(io.stdout)).toEqual({
      rules: [
        {
          name: "ours",
          isOff: false,
          provenance: "own.yaml:2",
          when: {
            providers: ["google", "yahoo"],
            destinations: ["*.example"],
            codes: ["421", "45x"],
            statuses: ["4.7.*"],
            reply: ["slow"],
          },
          trigger: { count: 3, windowMs: 600_000 },
          actions: [
            {
              effect: {
                kind: "limit",
                limit: { kind: "messages", rate: { amount: 10, periodMs: 60_000, burst: 1 } },
              },
              scope: ["provider", "source"],
              durationMs: 1_800_000,
            },
            { effect: { kind: "skipHost" }, scope: [], durationMs: 300_000 },
          ],
        },
      ],
    });
  });

  test("wants a refusal", async () => {
    expect(await run("--reply", "250 ok")).toBe(2);
    expect(io.stderr).toContain('--reply: "250 ok" is no refusal');
  });
});

test("godwit shaping defaults --rules prints those that are shipped, line by line", async () => {
  await run("--json");
  const { rules } = JSON.parse(io.stdout);
  io.stdout = "";
  await runGodwit(["shaping", "defaults", "--rules"], io, new NotedRoles());
  for (const { name, provenance } of rules.slice(2)) {
    const line = lines()[Number(provenance.split(":")[1]) - 1];
    expect(line).toBe(`  - name: ${name}`);
  }
});
