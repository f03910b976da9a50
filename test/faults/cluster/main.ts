/**
 * `npm run faults`: every fault on a cluster of real processes, and the table of accounts. Words
 * name those to run, by a part of their name; `--short` runs what `npm test` does, `--keep` leaves
 * the folder with all logs, `--busy` takes no offence at times.
 */
import { type Account, runScenario, type Scenario } from "../../support/cluster/scenario.ts";
import { summaryText } from "../../support/cluster/summary.ts";
import { World } from "../../support/cluster/world.ts";
import { scenarios } from "./scenarios.ts";

const words = process.argv.slice(2);
const isShort = words.includes("--short");
const machine = words.includes("--busy") ? "busy" : "quiet";
const after = words.includes("--keep") ? "kept" : "removed";
const parts = words.filter((word) => !word.startsWith("--"));
const size = { nats: 3, edges: 2, workers: 3 };
const told = (text: string) => void process.stdout.write(text);

const wanted = scenarios.filter(
  ({ name, isShort: isInShort }) =>
    (!isShort || isInShort) && (parts.length === 0 || parts.some((part) => name.includes(part))),
);
const accounts: Account[] = [];
for (const cassandra of [1, 3] as const) {
  const ours = wanted.filter((scenario) => scenario.cassandra === cassandra);
  if (ours.length > 0) accounts.push(...(await runAll(ours, cassandra)));
}
told(`\n${summaryText(accounts)}`);
process.exit(accounts.every(({ faults }) => faults.length === 0) ? 0 : 1);

async function runAll(ours: readonly Scenario[], cassandra: number): Promise<readonly Account[]> {
  await using world = await World.start({ ...size, cassandra, after, told });
  if (after === "kept") told(`In ${world.cluster.folder}\n`);
  const done: Account[] = [];
  for (const scenario of ours) {
    told(`${scenario.name} … `);
    const account = await runScenario(world, scenario, machine);
    told(`${account.faults.length === 0 ? "good" : account.faults.join("; ")}\n`);
    done.push(account);
  }
  return done;
}
