/** Within the lab's namespaces: starts it, and does to the release what is done to releases. */
import { systemClock } from "#lib/clock";
import type { Account } from "../support/cluster/scenario.ts";
import { summaryText } from "../support/cluster/summary.ts";
import { Lab } from "../support/kubernetes/lab/lab.ts";
import { readPlan } from "../support/kubernetes/lab/plan.ts";
import { Checks } from "../support/kubernetes/mail/checks.ts";
import { PostOffice } from "../support/kubernetes/mail/post-office.ts";
import { Release, timed } from "../support/kubernetes/mail/release.ts";
import type { Trials } from "../support/kubernetes/mail/trial.ts";
import { namespace, repository, tags } from "../support/kubernetes/mail/values.ts";
import { helmTest, install, seconds } from "./installing.ts";
import { killPods, loseNode } from "./killing.ts";
import { serversAway } from "./outages.ts";
import { scaleEdges, scaleWorkers } from "./scaling.ts";
import { reinstall, roll, rollBack, upgradeFull } from "./upgrading.ts";

type Act = (trials: Trials) => Promise<void>;

/** In this order; a word of the command line names those to run by a part of their name. */
const acts: readonly (readonly [name: string, Act])[] = [
  ["helm test", helmTest],
  ["scale edges", scaleEdges],
  ["scale workers", scaleWorkers],
  ["roll", roll],
  ["roll back", rollBack],
  ["kill pods", killPods],
  ["lose a node", loseNode],
  ["servers away", serversAway],
  ["upgrade full", upgradeFull],
  ["reinstall", reinstall],
];

/** Longer than it takes on a busy machine; then nobody waits any more. */
const allMaxMs = 45 * 60_000;

const [folder = "", ...words] = process.argv.slice(2);
const isKept = words.includes("--keep");
const parts = words.filter((word) => !word.startsWith("--"));
const told = (text: string) => void process.stdout.write(text);

// Whoever started us is gone: so is all of this.
process.stdin.on("end", () => process.exit(1)).resume();
process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
const cancelEnd = systemClock.after(allMaxMs, () => {
  told(`\nnot done after ${seconds(allMaxMs)}\n0 passed, 1 failed\n`);
  process.exit(1);
});

const startedAt = systemClock.monotonic();
const checks = new Checks(told);
const accounts: Account[] = [];
try {
  await all();
} catch (error) {
  checks.check("all was tried", [error instanceof Error ? error.message : String(error)]);
}
cancelEnd();
if (accounts.length > 0) told(`\n${summaryText(accounts, "what")}`);
told(`\n${seconds(systemClock.monotonic() - startedAt)}\n${checks.text}`);
if (isKept) await systemClock.sleep(allMaxMs);
process.exit(checks.failed === 0 ? 0 : 1);

async function all(): Promise<void> {
  const plan = await readPlan(folder);
  let made: Lab | undefined;
  const ms = await timed(async () => {
    made = await Lab.start(plan, told);
  });
  if (made === undefined) throw new Error("There is no lab");
  const lab = made;
  const [, next] = tags;
  for (const node of lab.nodes) {
    await node.ctr("images", "tag", `${repository}:${tags[0]}`, `${repository}:${next}`);
  }
  told(`Kubernetes with ${lab.nodes.length} nodes is ready after ${seconds(ms)}\n`);
  if (isKept) told(`In ${folder}; nsenter -n -t PID with a PID of kube-apiserver\n`);
  const release = new Release(lab, folder);
  await using post = await PostOffice.open(release);
  const trials: Trials = { lab, release, post, checks, told, accounts };
  await install(trials);
  for (const [name, act] of acts) {
    if (parts.length > 0 && !parts.some((part) => name.includes(part))) continue;
    try {
      await act(trials);
    } catch (error) {
      checks.check(name, [error instanceof Error ? error.message : String(error)]);
      told(await lab.kubectl("get", "pods", "-n", namespace, "-o", "wide"));
    }
  }
}
