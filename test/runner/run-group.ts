/** Runs one group in a process of its own and tells what came of each of its cases. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditCase } from "./audit.ts";
import type { Group } from "./groups.ts";
import { readJunit, type TestCase } from "./junit.ts";

export interface GroupRun {
  readonly cases: readonly TestCase[];
  /** What it printed; shown when it failed. */
  readonly output: string;
}

/** Where to run, and the seed of the order of tests. */
export interface RunSettings {
  readonly root: string;
  readonly orderSeed: number;
}

export function runGroup(group: Group, settings: RunSettings): Promise<GroupRun> {
  if (group.kind === "audit") return runAudit(group, settings);
  return group.kind === "tool" ? runTool(group, settings) : runTests(group, settings);
}

async function runAudit(group: Group, { root }: RunSettings): Promise<GroupRun> {
  if (Bun.which("npm") === null) return { cases: [auditCase(undefined)], output: "" };
  const child = Bun.spawn(["npm", ...group.what], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    timeout: group.groupTimeoutMs,
    killSignal: "SIGKILL",
  });
  const [output] = await Promise.all([child.stdout.text(), child.exited]);
  return { cases: [auditCase(child.signalCode === null ? output : undefined)], output: "" };
}

/** A tool counts as one case. */
async function runTool(group: Group, { root }: RunSettings): Promise<GroupRun> {
  const [program = "", ...rest] = group.what;
  const command = [join(root, "node_modules", ".bin", program), ...rest];
  const { code, output } = await spawn(command, group, root);
  if (code === 0) return { cases: [{ name: group.name, result: { kind: "passed" } }], output };
  return { cases: [failure(group.name, `${program} ended with ${code}, see above`)], output };
}

async function runTests(group: Group, { root, orderSeed }: RunSettings): Promise<GroupRun> {
  const files = await testFiles(group, root);
  if (files.length === 0) return { cases: [], output: "" };
  const directory = await mkdtemp(join(tmpdir(), "godwit-test-"));
  const reportFile = join(directory, "junit.xml");
  try {
    const command = testCommand({ group, files, reportFile, orderSeed });
    const { code, output } = await spawn(command, group, root);
    const cases = existsSync(reportFile) ? readJunit(await readFile(reportFile, "utf8")) : [];
    const isTold = cases.some(({ result }) => result.kind === "failed");
    // A file that cannot be loaded, or a crash, is in the exit code but in no case.
    if (code === 0 || isTold) return { cases, output };
    const text = `bun test ended with ${code} without a failed case, see above`;
    return { cases: [...cases, failure(group.name, text)], output };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface TestCommand {
  readonly group: Group;
  readonly files: readonly string[];
  readonly reportFile: string;
  readonly orderSeed: number;
}

function testCommand({ group, files, reportFile, orderSeed }: TestCommand): string[] {
  return [
    process.execPath,
    "test",
    "--randomize",
    `--seed=${orderSeed}`,
    `--timeout=${group.testTimeoutMs}`,
    "--reporter=junit",
    `--reporter-outfile=${reportFile}`,
    ...files,
  ];
}

async function testFiles(group: Group, root: string): Promise<string[]> {
  const files: string[] = [];
  for (const path of group.what) {
    if (path.endsWith(".ts") && existsSync(join(root, path))) files.push(`./${path}`);
    if (!existsSync(join(root, path)) || path.endsWith(".ts")) continue;
    const glob = new Bun.Glob("**/*.test.ts");
    for await (const file of glob.scan(join(root, path))) files.push(`./${path}/${file}`);
  }
  return files.sort();
}

async function spawn(
  command: string[],
  group: Group,
  cwd: string,
): Promise<{ code: string; output: string } | { code: 0; output: string }> {
  const child = Bun.spawn(command, {
    cwd,
    env: { ...process.env, ...group.environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: group.groupTimeoutMs,
    killSignal: "SIGKILL",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const output = `${out}${err}`;
  if (child.exitCode === 0) return { code: 0, output };
  const code = child.signalCode ?? `code ${child.exitCode}`;
  return { code: String(code), output };
}

function failure(name: string, message: string): TestCase {
  return { name, result: { kind: "failed", message } };
}
