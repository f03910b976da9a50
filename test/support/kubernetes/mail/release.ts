/** The chart's release in the lab: what an operator does to it, and to its pods. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { systemClock } from "#lib/clock";
import { chartFolder } from "../../deploy/chart.ts";
import type { Lab } from "../lab/lab.ts";
import { until } from "../lab/waiting.ts";
import { fullName, labValues, laptopFile, namespace, releaseName } from "./values.ts";

export const roles = ["edge", "delivery", "control"] as const;
export type Role = (typeof roles)[number];
/** Of a pod, as its label has it. */
export type ComponentName = Role | "nats" | "cassandra";

const pod = z.object({
  metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
  spec: z.object({
    nodeName: z.string().optional(),
    containers: z.array(z.object({ image: z.string() })),
  }),
  status: z.object({
    podIP: z.string().optional(),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    containerStatuses: z
      .array(z.object({ containerID: z.string().default(""), restartCount: z.int() }))
      .default([]),
  }),
});
export type Pod = z.output<typeof pod>;
const list = z.object({ items: z.array(pod) });
const service = z.object({ spec: z.object({ clusterIP: z.string() }) });
const secret = z.object({ data: z.record(z.string(), z.string()) });
const within = `/api/v1/namespaces/${namespace}`;

const place = ["-n", namespace, "--wait", "--timeout=8m"];
const podsMaxMs = 300_000;

export class Release {
  readonly #lab: Lab;
  readonly #folder: string;
  #files = 0;

  constructor(lab: Lab, folder: string) {
    this.#lab = lab;
    this.#folder = folder;
  }

  async install(): Promise<void> {
    const values = await this.#values({});
    const words = [...place, "--create-namespace", ...values];
    await this.#lab.helm("install", releaseName, chartFolder, ...words);
  }

  /** With the lab's values, and these over them. */
  async upgrade(changed: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const values = await this.#values(changed);
    await this.#lab.helm("upgrade", releaseName, chartFolder, ...place, ...values);
  }

  /** To the revision before. */
  async rollback(): Promise<void> {
    await this.#lab.helm("rollback", releaseName, ...place);
  }

  async uninstall(): Promise<void> {
    await this.#lab.helm("uninstall", releaseName, ...place);
  }

  /** Resolves to what the test said. */
  async test(): Promise<string> {
    const words = ["-n", namespace, "--logs", "--timeout=3m"];
    return await this.#lab.helm("test", releaseName, ...words);
  }

  /** Resolves when it has so many. */
  async scale(role: Role, replicas: number): Promise<void> {
    await this.kubectl("scale", `deployment/${fullName}-${role}`, `--replicas=${replicas}`);
    await this.has(role, replicas);
  }

  /** Resolves when it has so many pods, all of them ready, and none that is still going. */
  async has(component: ComponentName, count: number): Promise<readonly Pod[]> {
    let found: readonly Pod[] = [];
    const what = `${count} of ${component} ready`;
    await until({ what, maxMs: podsMaxMs }, async () => {
      found = await this.pods(component);
      return found.length === count && found.every(isReady);
    });
    return found;
  }

  /** Also those that are going. */
  async pods(component: ComponentName): Promise<readonly Pod[]> {
    const label = encodeURIComponent(`app.kubernetes.io/component=${component}`);
    const said = await this.#lab.api.get(`${within}/pods?labelSelector=${label}`);
    return list.parse(said).items;
  }

  /** kill -9 of its process; the pod starts another one. */
  async kill(component: ComponentName): Promise<void> {
    const before = await this.#one(component);
    const [container] = before.status.containerStatuses;
    const id = container?.containerID.replace("containerd://", "") ?? "";
    const node = this.#lab.node(before.spec.nodeName ?? "");
    await node.ctr("tasks", "kill", "-s", "SIGKILL", id);
    const { name } = before.metadata;
    await until({ what: `${name} has started again`, maxMs: podsMaxMs }, async () => {
      const now = (await this.pods(component)).find((it) => it.metadata.name === name);
      const [restarted] = now?.status.containerStatuses ?? [];
      const isAnother = (restarted?.restartCount ?? 0) > (container?.restartCount ?? 0);
      return now !== undefined && isAnother && isReady(now);
    });
  }

  /** The pod is gone at once, and another one takes its place. */
  async removeAtOnce(component: ComponentName): Promise<void> {
    const { metadata } = await this.#one(component);
    const at = ["--grace-period=0", "--force"];
    await this.kubectl("delete", "pod", metadata.name, ...at);
  }

  /** Kind and name of all that there is. */
  async objects(): Promise<readonly string[]> {
    const kinds = "all,configmap,secret,serviceaccount,pvc,pdb,networkpolicy,hpa";
    const said = await this.kubectl("get", kinds, "-o", "name");
    return said.split("\n").filter((line) => line !== "");
  }

  async serviceAddress(name: string): Promise<string> {
    const said = await this.#lab.api.get(`${within}/services/${fullName}-${name}`);
    return service.parse(said).spec.clusterIP;
  }

  async secret(name: string, key: string): Promise<string> {
    const said = await this.#lab.api.get(`${within}/secrets/${fullName}-${name}`);
    return atob(secret.parse(said).data[key] ?? "");
  }

  async kubectl(...words: readonly string[]): Promise<string> {
    return await this.#lab.kubectl("-n", namespace, ...words);
  }

  async #one(component: ComponentName): Promise<Pod> {
    const pods = await this.pods(component);
    const found = pods.find((it) => isReady(it) && it.metadata.deletionTimestamp === undefined);
    if (found === undefined) throw new Error(`There is no ${component} that is ready`);
    return found;
  }

  async #values(changed: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
    this.#files += 1;
    const files = [labValues, changed].map(async (values, n) => {
      const file = join(this.#folder, `values-${this.#files}-${n}.json`);
      await writeFile(file, JSON.stringify(values));
      return file;
    });
    return [laptopFile, ...(await Promise.all(files))].flatMap((file) => ["-f", file]);
  }
}

export function isReady({ metadata, status }: Pod): boolean {
  const ready = status.conditions.find(({ type }) => type === "Ready");
  return ready?.status === "True" && metadata.deletionTimestamp === undefined;
}

/** Milliseconds that something takes. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedAt = systemClock.monotonic();
  await act();
  return systemClock.monotonic() - startedAt;
}
