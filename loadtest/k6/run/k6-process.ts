/** k6 itself: a script is run to its end, its accounts and counts are read. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { Ledger } from "../../ledger.ts";
import { measured } from "../thresholds.ts";
import type { Scenario } from "./arguments.ts";

export interface K6Options {
  readonly binary: string;
  readonly scenario: Scenario;
  /** `LOAD_…`, beside what this process has itself. */
  readonly environment: Readonly<Record<string, string>>;
  /** `inherit`: a person watches. */
  readonly output: "inherit" | "pipe";
}

export interface K6Result {
  /** 0, or 99 when a threshold is crossed; others are k6's own. */
  readonly code: number;
  /** Each message with a 202, and to how many it goes. */
  readonly promised: Ledger;
  /** The same by k6's own count, which no accounts are needed for. */
  readonly counted: number;
  /** With `output: "pipe"`. */
  readonly told: string;
}

/** Nothing is reported to k6's makers, no port is opened for its API. */
const flags = ["--no-usage-report", "--address", "", "--no-color", "--log-format", "raw"];
const summary = z.object({
  metrics: z.record(z.string(), z.looseObject({ count: z.number().optional() })),
});

/** SIGINT and SIGTERM are handed on, once: k6 ends in order, and its accounts are of what it did. */
export async function runK6(options: K6Options): Promise<K6Result> {
  const folder = await mkdtemp(join(tmpdir(), "godwit-k6-"));
  try {
    const [accounts, counts] = [join(folder, "accounts"), join(folder, "counts.json")];
    const files = ["--console-output", accounts, "--summary-export", counts];
    const script = join(import.meta.dir, "..", `${options.scenario}.ts`);
    const child = Bun.spawn([options.binary, "run", ...flags, ...files, script], {
      env: { ...process.env, ...options.environment },
      stdin: "ignore",
      stdout: options.output,
      stderr: options.output,
      // A second SIGINT, such as a terminal's to all, would break k6 off.
      detached: true,
    });
    const interrupt = () => child.kill("SIGINT");
    process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
    const texts = [child.stdout, child.stderr].map((stream) => stream?.text() ?? "");
    const [code, ...told] = await Promise.all([child.exited, ...texts]);
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    return {
      code,
      promised: Ledger.parse(await textOf(accounts)),
      counted: countedIn(await textOf(counts)),
      told: told.join(""),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function countedIn(text: string): number {
  if (text === "") return 0;
  return summary.parse(JSON.parse(text)).metrics[measured.promised]?.count ?? 0;
}

/** "": k6 ended before it wrote it. */
async function textOf(path: string): Promise<string> {
  return (await Bun.file(path).exists()) ? await readFile(path, "utf8") : "";
}
