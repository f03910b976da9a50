/** Releases that follow each other: rolled, rolled back, with a full queue, taken away and put back. */

import type { ClusterLoad } from "../support/cluster/cluster-load.ts";
import { until } from "../support/kubernetes/lab/waiting.ts";
import { roles, timed } from "../support/kubernetes/mail/release.ts";
import {
  deadLoad,
  loadOf,
  startLoad,
  type Trials,
  tryOut,
} from "../support/kubernetes/mail/trial.ts";
import { changedValues } from "../support/kubernetes/mail/values.ts";
import { seconds } from "./installing.ts";

const rate = 200;
const full = 1_500;
const kept = 500;
/** Three of NATS, one of Cassandra. */
const volumes = 4;
const leftMaxMs = 180_000;
/** Cassandra knows its logins by what is on its disk. */
const isKept = /^persistentvolumeclaim\/|^secret\/\S+-cassandra$/;

export async function roll(trials: Trials): Promise<void> {
  const { release, checks } = trials;
  await tryOut(trials, {
    name: `helm upgrade: every role, another image and configuration, ${rate} a second`,
    loads: loadOf(rate),
    kind: "orderly",
    async act(load) {
      const ms = await timed(() => release.upgrade(changedValues));
      const others = await notOfImage(trials, "next");
      checks.check(`helm upgrade has rolled every role after ${seconds(ms)}`, others);
      await load.moreOfAny(rate * 2);
      return {};
    },
  });
}

export async function rollBack(trials: Trials): Promise<void> {
  const { release, checks } = trials;
  await tryOut(trials, {
    name: `helm rollback, ${rate} a second`,
    loads: loadOf(rate),
    kind: "orderly",
    async act(load) {
      const ms = await timed(() => release.rollback());
      const others = await notOfImage(trials, "lab");
      checks.check(`helm rollback is done after ${seconds(ms)}`, others);
      await load.moreOfAny(rate * 2);
      return {};
    },
  });
}

export async function upgradeFull(trials: Trials): Promise<void> {
  const { release, post, checks } = trials;
  const waiting = await waitingMail(trials, full);
  await tryOut(
    trials,
    {
      name: `helm upgrade with ${full} that wait for a dead destination`,
      loads: loadOf(rate / 4),
      kind: "orderly",
      async act() {
        await release.upgrade(changedValues);
        await release.has("delivery", 1);
        await post.owned(1);
        const still = await post.waiting();
        checks.check(`${still} wait after the upgrade`, [
          ...(still >= full ? [] : [`${full} were put off`]),
        ]);
        return { afterwards: () => post.revive() };
      },
    },
    [waiting],
  );
  await post.die();
}

export async function reinstall(trials: Trials): Promise<void> {
  const { release, post, checks, told } = trials;
  told("\nmail that waits when the release is taken away\n");
  const waiting = await waitingMail(trials, kept);
  // Of these nobody has made an attempt: they are in NATS, the others in Cassandra.
  await release.scale("delivery", 0);
  const unread = await startLoad(trials, loadOf(rate));
  await unread.moreOfAny(kept);
  await unread.stop();
  await release.uninstall();
  await nothingButVolumes(trials);
  const ms = await timed(() => release.install());
  checks.check(`it is installed again after ${seconds(ms)}`, []);
  await post.revive();
  await tryOut(
    trials,
    {
      name: `uninstalled and installed again, with ${kept} that waited and more that were not read`,
      loads: loadOf(rate / 4),
      // Who comes at once finds a Service that has hardly begun.
      kind: "harmful",
      act: async () => ({}),
    },
    [waiting, unread],
  );
  await post.die();
}

/** Kubernetes removes what belongs to others in its own time. */
async function nothingButVolumes({ release, checks }: Trials): Promise<void> {
  let left: readonly string[] = [];
  const awaited = { what: "nothing is left but volumes", maxMs: leftMaxMs };
  const isSo = async () => {
    left = (await release.objects()).filter((name) => !isOfNobody(name));
    return left.length === volumes + 1 && left.every((name) => isKept.test(name));
  };
  const faults = await until(awaited, isSo).then(
    () => [],
    () => [left.join(" ")],
  );
  const what = `helm uninstall leaves ${volumes} volumes, Cassandra's logins and nothing else`;
  checks.check(what, faults);
}

/** Resolves when so many are put off. */
async function waitingMail(trials: Trials, count: number): Promise<ClusterLoad> {
  const load = await startLoad(trials, deadLoad);
  await load.moreOfAny(count);
  await load.stop();
  return load;
}

/** What Kubernetes itself puts into each namespace. */
function isOfNobody(name: string): boolean {
  return name === "configmap/kube-root-ca.crt" || name === "serviceaccount/default";
}

/** Of those that stay, when the others are gone. */
async function notOfImage({ release }: Trials, tag: string): Promise<readonly string[]> {
  const pods = await Promise.all(roles.map((role) => release.has(role, 1)));
  return pods.flat().flatMap(({ metadata, spec }) => {
    const images = spec.containers.map(({ image }) => image);
    const isOther = images.some((image) => !image.endsWith(`:${tag}`));
    return isOther ? [`${metadata.name} runs ${images.join(" ")}`] : [];
  });
}
