/** Pods and a node that are gone without notice. */

import { systemClock } from "#lib/clock";
import type { ClusterLoad } from "../support/cluster/cluster-load.ts";
import { steadyNode } from "../support/kubernetes/lab/network.ts";
import { until } from "../support/kubernetes/lab/waiting.ts";
import type { ComponentName, Role } from "../support/kubernetes/mail/release.ts";
import { isReady, roles } from "../support/kubernetes/mail/release.ts";
import { loadOf, type Trials, tryOut } from "../support/kubernetes/mail/trial.ts";
import { seconds } from "./installing.ts";

const rate = 60;
/** Of one kill: a session has one message at its final dot, and one whose outcome is on its way. */
const doubtsPerSession = 2;
const noticedMaxMs = 120_000;

const pods: Readonly<Record<Role, number>> = { edge: 2, delivery: 2, control: 1 };

export async function killPods(trials: Trials): Promise<void> {
  await spread(trials, 2);
  for (const role of roles) {
    await killed(trials, role, async (load) => {
      await trials.release.kill(role);
      await load.moreOfAny(100);
      await trials.release.removeAtOnce(role);
      await load.moreOfAny(100);
      await trials.release.has(role, pods[role]);
    });
  }
  await killed(trials, "nats", async (load) => {
    await trials.release.kill("nats");
    await load.moreOfAny(200);
  });
  await killed(trials, "cassandra", async (load) => {
    await trials.release.kill("cassandra");
    await load.moreOfAny(200);
  });
  await spread(trials, 1);
}

async function killed(
  trials: Trials,
  component: ComponentName,
  act: (load: ClusterLoad) => Promise<void>,
): Promise<void> {
  const isRole = component in pods;
  await tryOut(trials, {
    name: isRole ? `${component}: kill -9, and its pod removed at once` : `${component}: kill -9`,
    loads: loadOf(rate),
    kind: "harmful",
    async act(load) {
      const copiesMax = component === "delivery" ? 2 * doubts(trials) : 0;
      await act(load);
      return { copiesMax };
    },
  });
}

/** To be asked right before. */
function doubts({ post }: Trials): number {
  return post.sink.counts.sessionsOpen * doubtsPerSession;
}

export async function loseNode(trials: Trials): Promise<void> {
  const { lab, release, checks } = trials;
  await spread(trials, 3);
  const victim = await busiest(trials);
  await tryOut(trials, {
    name: `a node is lost, and comes back`,
    loads: loadOf(rate),
    kind: "harmful",
    async act(load) {
      const copiesMax = doubts(trials);
      const had = await podsOn(trials, victim);
      const lostAt = systemClock.monotonic();
      await lab.node(victim).kill();
      const what = { what: `${victim} is missed`, maxMs: noticedMaxMs };
      await until(what, async () => !(await lab.isReady(victim)));
      const noticed = systemClock.monotonic() - lostAt;
      for (const role of roles) await elsewhere(trials, role, victim);
      const replaced = systemClock.monotonic() - lostAt;
      await load.moreOfAny(400);
      checks.check(
        `${victim} is lost with ${had.join(", ")}: missed after ${seconds(noticed)}, replaced after ${seconds(replaced)}`,
        had.length === 0 ? ["it had nothing"] : [],
      );
      await lab.node(victim).start();
      await lab.untilReady(victim);
      await release.has("nats", 3);
      for (const role of roles) await release.has(role, role === "control" ? 1 : 3);
      return { copiesMax };
    },
  });
  await spread(trials, 1);
}

/** Edges and workers; the workers with their shards. */
async function spread({ release, post }: Trials, count: number): Promise<void> {
  for (const role of ["edge", "delivery"] as const) await release.scale(role, count);
  await post.owned(count);
}

/** Of those that may be lost. */
async function busiest(trials: Trials): Promise<string> {
  const names = trials.lab.nodes.map(({ name }) => name).filter((name) => name !== steadyNode);
  const loads = await Promise.all(
    names.map(async (name) => ({ name, pods: (await podsOn(trials, name)).length })),
  );
  const [first] = loads.sort((a, b) => b.pods - a.pods);
  if (first === undefined) throw new Error("There is no node that may be lost");
  return first.name;
}

async function podsOn({ release }: Trials, node: string): Promise<readonly string[]> {
  const found = [...roles, "nats" as const].map(async (component) => {
    const pods = await release.pods(component);
    return pods.filter(({ spec }) => spec.nodeName === node).map(() => component);
  });
  return (await Promise.all(found)).flat();
}

/** Resolves when as many as there were are ready on other nodes. */
async function elsewhere({ release }: Trials, role: Role, lost: string): Promise<void> {
  const wanted = role === "control" ? 1 : 3;
  const what = { what: `${wanted} of ${role} on other nodes`, maxMs: noticedMaxMs };
  await until(what, async () => {
    const pods = await release.pods(role);
    return pods.filter((pod) => isReady(pod) && pod.spec.nodeName !== lost).length === wanted;
  });
}
