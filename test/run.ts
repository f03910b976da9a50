/**
 * Runs the tests: `check` (types, lint, everything that needs no other process), `all` (and real
 * processes and servers), `fuzz` (free seed, long). Further words name the groups to run.
 * The last line is the count, taken from the reports of the runners.
 */
import { join } from "node:path";
import { systemRandom } from "#lib/random";
import { fetchBeforehand } from "./runner/fetch-beforehand.ts";
import { groupsOf, isMode } from "./runner/groups.ts";
import type { TestCase } from "./runner/junit.ts";
import { asInCi, reportOf } from "./runner/report.ts";
import { runGroup } from "./runner/run-group.ts";

const [mode = "", ...words] = process.argv.slice(2);
const seedWord = words.find((word) => word.startsWith("--seed="));
const names = words.filter((word) => word !== seedWord);
if (!isMode(mode)) {
  process.stderr.write("usage: bun test/run.ts check|all|fuzz [--seed=N] [group…]\n");
  process.exit(2);
}

const root = join(import.meta.dir, "..");
const orderSeed = Number(seedWord?.slice("--seed=".length) ?? systemRandom.below(2 ** 31));
process.stdout.write(`Order of tests: --seed=${orderSeed}\n`);

const all: TestCase[] = [];
const groups = groupsOf(mode, names);
for (const what of ["servers", "chartTools", "k6"] as const) {
  if (!groups.some(({ needs = [] }) => needs.includes(what))) continue;
  await fetchBeforehand(what, (text) => process.stdout.write(text));
}
for (const group of groups) {
  process.stdout.write(`${group.name.padEnd(12)} `);
  const startedAt = performance.now();
  const { cases, output } = await runGroup(group, { root, orderSeed });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const counted = process.env.CI === "true" ? cases.map(asInCi) : cases;
  const failed = counted.filter(({ result }) => result.kind === "failed").length;
  process.stdout.write(`${cases.length} cases, ${failed} failed, ${seconds} s\n`);
  if (failed > 0) process.stdout.write(`${output}\n`);
  all.push(...counted);
}

const { text, exitCode } = reportOf(all);
process.stdout.write(text);
process.exitCode = exitCode;
