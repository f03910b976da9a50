/** From nothing to the first message, and what `helm test` says. */
import { systemClock } from "#lib/clock";
import type { ClusterLoad } from "../support/cluster/cluster-load.ts";
import { until } from "../support/kubernetes/lab/waiting.ts";
import { plainDomain } from "../support/kubernetes/mail/post-office.ts";
import { timed } from "../support/kubernetes/mail/release.ts";
import { beginning, settle, startLoad, type Trials } from "../support/kubernetes/mail/trial.ts";

const firstMaxMs = 480_000;

export async function install(trials: Trials): Promise<void> {
  const { release, post, checks, told } = trials;
  told("\nhelm install\n");
  const begin = beginning(trials);
  const [first, installedMs] = await Promise.all([
    firstMessage(trials),
    timed(() => release.install()),
  ]);
  checks.check(
    `the first message arrives ${seconds(first.arrivedAt - begin.startedAt)} after helm install ` +
      `began, which ends after ${seconds(installedMs)}`,
    [],
  );
  await post.owned(1);
  await first.load.stop();
  const loads = [first.load];
  await settle(trials, { ...begin, name: "helm install", copiesMax: 0, faults: [], loads });
}

/** Knocks until it is let in: a client does not know that there is no Service yet. */
async function firstMessage(trials: Trials): Promise<{
  readonly load: ClusterLoad;
  readonly arrivedAt: number;
}> {
  const { post } = trials;
  const what = { what: "there is a Service", maxMs: firstMaxMs };
  await until(what, async () => (await post.edges()).length > 0);
  const words = ["--rate", "4", "--sessions", "1", "--domain", plainDomain];
  const load = await startLoad(trials, [words]);
  await post.sink.until(({ messages }) => messages > 0);
  return { load, arrivedAt: systemClock.monotonic() };
}

export async function helmTest({ release, post, checks, told }: Trials): Promise<void> {
  told("\nhelm test\n");
  let said = "";
  const before = post.sink.counts.messages;
  const ms = await timed(async () => {
    said = await release.test();
  });
  const settled = /settled after \d+ ms: .*/.exec(said)?.[0] ?? "";
  checks.check(`helm test is content after ${seconds(ms)}: its message has been delivered`, [
    ...(settled.includes("delivered") ? [] : [`it said ${said.slice(-500)}`]),
    ...(post.sink.counts.messages > before ? [] : ["its message has not arrived"]),
  ]);
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
