/** Load on Kubernetes: objects without fault, whose programs run from their ConfigMaps alone. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { balance, Ledger } from "../../loadtest/ledger.ts";
import { type Chart, type Manifest, manifestsIn } from "../support/deploy/chart.ts";
import { openedChart } from "../support/deploy/opened-chart.ts";
import { writeFiles } from "../support/deploy/pod-files.ts";
import { type Ran, ran } from "../support/process/ran.ts";
import { titled } from "../support/servers/titled.ts";
import { k6Binary, k6Missing } from "../support/servers/toolchain/k6-binary.ts";

const root = join(import.meta.dir, "..", "..");
const command = join(root, "loadtest", "kubernetes", "main.ts");
const fetchMaxMs = 300_000;
const configMapMax = 1_048_576;
const k6Words = ["--", "ramp", "--target", "http://mail-godwit-edge:8080", "--duration", "5m"];
const asked = {
  sink: ["sink", "--image", "godwit:1", "--replicas", "2", "--", "--fault", "slow-1ms-1-in-9"],
  source: ["source", "--image", "godwit:1", "--", "mail-godwit-edge:587", "--messages", "30"],
  k6: ["k6", "--parallelism", "3", ...k6Words],
  mixed: ["k6", "--", "mixed", "--target", "http://a", "--control", "http://b"],
} as const;
type What = keyof typeof asked;
const all: readonly What[] = ["sink", "source", "k6", "mixed"];

const container = z.looseObject({
  command: z.array(z.string()).optional(),
  args: z.array(z.string()),
});
const workload = z.looseObject({
  template: z.looseObject({ spec: z.looseObject({ containers: z.tuple([container]) }) }),
});

let chart: Chart;
const chartMissing = openedChart((opened) => {
  chart = opened;
});

const printed = (words: readonly string[]): Promise<Ran> =>
  ran([process.execPath, command, ...words], { cwd: root });
const objectsOf = async (what: What) => manifestsIn((await printed(asked[what])).out);

function filesOf(manifests: readonly Manifest[]): ReadonlyMap<string, string> {
  const data = manifests.find(({ kind }) => kind === "ConfigMap")?.data;
  return new Map(Object.entries(z.record(z.string(), z.string()).parse(data)));
}

function containerOf(manifests: readonly Manifest[]) {
  const pods = manifests.find(({ kind }) => kind === "Job" || kind === "Deployment");
  return workload.parse(pods?.spec).template.spec.containers[0];
}

describe.skipIf(chartMissing !== undefined)(titled("objects of load", chartMissing), () => {
  test.each(all)("of %s are as the API has them", async (what) => {
    const { code, out, err } = await chart.check(await objectsOf(what));
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/);
  });
});

test.each(all)("the ConfigMap of %s has room to spare", async (what) => {
  const sizes = [...filesOf(await objectsOf(what)).values()].map((text) => text.length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(configMapMax / 2);
});

test("tokens are in a Secret, and the control API's only where it is read", async () => {
  const texts = await Promise.all([asked.k6, asked.mixed].map(printed));
  const [ramp = "", mixed = ""] = texts.map(({ out }) => out);
  expect([ramp.includes("key: controlToken"), mixed.includes("key: controlToken")]).toEqual([
    false,
    true,
  ]);
  const refused = await printed([...asked.k6, "--token", "t"]);
  expect([refused.code, refused.out]).toEqual([2, ""]);
});

test.each([
  ["a source without a place", ["source", "--image", "godwit:1"]],
  ["a sink without an image", ["sink"]],
  ["k6 without a target", ["k6", "--", "ramp"]],
  ["a fault of the program's own line", ["sink", "--image", "g", "--", "--keep", "secrets"]],
  ["nothing", []],
])("%s is told, and prints no object", async (_, words) => {
  const { code, out, err } = await printed(words);
  expect([code, out]).toEqual([2, ""]);
  expect(err).not.toBe("");
});

describe("what the pods run", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "godwit-load-"));
    // The image's packages are found from there.
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** As the pod runs it, but here. */
  async function commandOf(what: "sink" | "source", here: (word: string) => string) {
    const manifests = await objectsOf(what);
    const place = await writeFiles(join(folder, what), filesOf(manifests));
    const { command: program = [], args } = containerOf(manifests);
    const [bun, file = ""] = program;
    expect(bun).toBe("/usr/local/bin/bun");
    return [process.execPath, file.replace("/opt/godwit/loadtest", place), ...args.map(here)];
  }

  test("source and sink find each other, and their logs have the accounts", async () => {
    const sinkCommand = await commandOf("sink", (word) =>
      word === "0.0.0.0" ? "127.0.0.1" : word.replace("2525", "0"),
    );
    const sink = Bun.spawn([...sinkCommand, "--until", "30", "--timeout", "60"], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const reader = sink.stdout.getReader();
    const decoder = new TextDecoder();
    let log = "";
    const read = async () => {
      const { value, done } = await reader.read();
      log += decoder.decode(value);
      return !done;
    };
    while (!log.includes("\n") && (await read()));
    const [, port = ""] = /listening at 127\.0\.0\.1:(\d+)/.exec(log) ?? [];
    const source = await ran(
      await commandOf("source", (word) => word.replace(/^mail-.*/, `localhost:${port}`)),
    );
    while (await read());
    const [promised, arrived] = [source.out, log].map(accountsIn);
    expect(source.err).toBe("");
    expect(promised?.distinct).toBe(30);
    expect(balance(promised ?? new Ledger(), arrived ?? new Ledger()).lost).toEqual([]);
  }, 120_000);

  /** As README says: the lines of a log that are of the accounts. */
  function accountsIn(log: string): Ledger {
    return Ledger.parse((log.match(/^[0-9a-z]+-[0-9]+ [0-9]+$/gm) ?? []).join("\n"));
  }
});

const missing = k6Missing();
describe.skipIf(missing !== undefined)(titled("k6's scripts in a ConfigMap", missing), () => {
  test(
    "are all that k6 needs to read them",
    async () => {
      const manifests = await objectsOf("mixed");
      const folder = await mkdtemp(join(tmpdir(), "godwit-load-"));
      await writeFiles(folder, filesOf(manifests));
      const script = containerOf(manifests).args.at(-1)?.replace("/scripts", folder) ?? "";
      const { code, out } = await ran(
        [await k6Binary(), "inspect", "--include-system-env-vars", script],
        {
          environment: {
            ...{ LOAD_TARGET: "http://a", LOAD_TOKEN: "t", LOAD_VUS: "7" },
            ...{ LOAD_CONTROL: "http://b", LOAD_CONTROL_TOKEN: "c" },
          },
        },
      );
      await rm(folder, { recursive: true });
      const { scenarios } = JSON.parse(out);
      expect([code, Object.keys(scenarios)]).toEqual([0, ["messages", "reads"]]);
      expect(scenarios.messages.stages[0].target).toBe(7);
    },
    fetchMaxMs,
  );
});
