/**
 * A real Kubernetes of several nodes on one machine. To be used within network and process namespaces
 * of its own (`with-lab.ts`): the machine has nothing of it, and all of it ends with its first process.
 *
 *   here: control plane, names, clients, mail exchangers ──lab0──┬── node1: kubelet, pods
 *                                                                └── node2 …
 */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { ApiServer } from "./api-server.ts";
import { makeCgroup } from "./cgroups.ts";
import { kubeconfigFile, startControlPlane } from "./control-plane.ts";
import { bridge, cgroupOf, LabNode, outcome } from "./lab-node.ts";
import { controlAddress, nodePlans, outsideRoutes, prefixLength } from "./network.ts";
import type { LabPlan } from "./plan.ts";
import { firstObjects } from "./settings.ts";
import { until } from "./waiting.ts";

const disks = 6;
const readyMaxMs = 180_000;
const conditions = z.object({
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});

export class Lab {
  readonly nodes: readonly LabNode[];
  readonly #plan: LabPlan;
  readonly #environment: Readonly<Record<string, string>>;
  #api: ApiServer | undefined;

  static async start(plan: LabPlan, told: (text: string) => void): Promise<Lab> {
    const plans = nodePlans(plan.nodes);
    const nodes: LabNode[] = [];
    for (const node of plans) {
      await makeCgroup(cgroupOf(plan, node));
      nodes.push(await LabNode.make(node, plans, plan));
    }
    const lab = new Lab(plan, nodes);
    await lab.#start(told);
    return lab;
  }

  private constructor(plan: LabPlan, nodes: readonly LabNode[]) {
    this.nodes = nodes;
    this.#plan = plan;
    const path = [plan.programs, dirname(plan.helm), plan.environment.PATH];
    this.#environment = {
      PATH: path.join(":"),
      HOME: plan.folder,
      KUBECONFIG: kubeconfigFile(plan.folder),
    };
  }

  /** @throws with what it says when it does not end well */
  async kubectl(...words: readonly string[]): Promise<string> {
    return await outcome(["kubectl", ...words], this.#environment);
  }

  async helm(...words: readonly string[]): Promise<string> {
    return await outcome(["helm", ...words], this.#environment);
  }

  get api(): ApiServer {
    if (this.#api === undefined) throw new Error("There is no API server");
    return this.#api;
  }

  node(name: string): LabNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`There is no node ${name}`);
    return found;
  }

  async isReady(name: string): Promise<boolean> {
    const { status } = conditions.parse(await this.api.get(`/api/v1/nodes/${name}`));
    return status.conditions.some((it) => it.type === "Ready" && it.status === "True");
  }

  async untilReady(name: string): Promise<void> {
    const what = { what: `${name} is ready`, maxMs: readyMaxMs };
    await until(what, () => this.isReady(name));
  }

  async #start(told: (text: string) => void): Promise<void> {
    const { folder, images } = this.#plan;
    await outside(this.nodes.map(({ plan }) => plan));
    this.#api = await startControlPlane({
      folder,
      environment: this.#environment,
      ended: (name, log) => told(`${name} has ended: ${log}\n`),
    });
    await writeFile(join(folder, "first.json"), firstObjects(await this.#disks()));
    await this.kubectl("apply", "-f", join(folder, "first.json"));
    for (const node of this.nodes) {
      await node.start();
      const own = images.filter((it) => it.node === undefined || it.node === node.name);
      const load = (path: string) => node.ctr("images", "import", "--no-unpack", path);
      await Promise.all(own.map(({ path }) => load(path)));
    }
    await Promise.all(this.nodes.map(({ name }) => this.untilReady(name)));
  }

  /** Folders that anybody may write to: on a disk of the cloud the kubelet would see to that. */
  async #disks(): Promise<readonly string[]> {
    const paths = Array.from({ length: disks }, (_, n) => join(this.#plan.folder, `disk${n}`));
    for (const path of paths) {
      await mkdir(path);
      await chmod(path, 0o777);
    }
    return paths;
  }
}

async function outside(plans: Parameters<typeof outsideRoutes>[0]): Promise<void> {
  await outcome(["ip", "link", "set", "lo", "up"]);
  await outcome(["ip", "link", "add", bridge, "type", "bridge"]);
  await outcome(["ip", "address", "add", `${controlAddress}/${prefixLength}`, "dev", bridge]);
  await outcome(["ip", "link", "set", bridge, "up"]);
  // What goes from node to node here is no matter of this machine's own rules.
  await writeFile("/proc/sys/net/bridge/bridge-nf-call-iptables", "0");
  for (const { to, via } of outsideRoutes(plans)) {
    await outcome(["ip", "route", "add", to, "via", via]);
  }
}
