/** A node of the lab: containerd, kubelet and kube-proxy in namespaces of their own (`node.sh`). */
import { existsSync, openSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ran } from "../../process/ran.ts";
import { kubeconfigFile } from "./control-plane.ts";
import { controlAddress, type NodePlan, prefixLength, routesOf } from "./network.ts";
import type { LabPlan } from "./plan.ts";
import {
  cniConflist,
  containerdSocket,
  containerdToml,
  kubeletYaml,
  kubeProxyYaml,
} from "./settings.ts";
import { until } from "./waiting.ts";

const program = join(import.meta.dir, "node.sh");
export const bridge = "lab0";
const startMaxMs = 60_000;
const commandMaxMs = 300_000;

export class LabNode {
  readonly plan: NodePlan;
  readonly #lab: LabPlan;
  readonly #plans: readonly NodePlan[];
  readonly #folder: string;
  #child: Bun.Subprocess | undefined;

  /** The files of its disk. */
  static async make(plan: NodePlan, plans: readonly NodePlan[], lab: LabPlan): Promise<LabNode> {
    const folder = join(lab.folder, plan.name);
    const { cniPlugins } = lab;
    await mkdir(join(folder, "cni"), { recursive: true });
    const folders = { folder, cniPlugins, cgroup: cgroupOf(lab, plan) };
    await writeFile(join(folder, "containerd.toml"), containerdToml(folders));
    await writeFile(join(folder, "cni", "10-lab.conflist"), cniConflist(plan.pods));
    await writeFile(join(folder, "kubelet.yaml"), kubeletYaml(folders));
    await writeFile(join(folder, "kube-proxy.yaml"), kubeProxyYaml(kubeconfigFile(lab.folder)));
    await writeFile(join(folder, "resolv.conf"), "");
    return new LabNode(plan, plans, lab);
  }

  private constructor(plan: NodePlan, plans: readonly NodePlan[], lab: LabPlan) {
    this.plan = plan;
    this.#plans = plans;
    this.#lab = lab;
    this.#folder = join(lab.folder, plan.name);
  }

  get name(): string {
    return this.plan.name;
  }

  /** Resolves when containerd listens. */
  async start(): Promise<void> {
    const { name, address, wire, zone } = this.plan;
    const socket = containerdSocket(this.#folder);
    await rm(socket, { force: true });
    const out = openSync(join(this.#folder, "node.log"), "a");
    const apart = ["--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"];
    const routes = routesOf(this.plan, this.#plans).map(({ to, via }) => `${to}=${via}`);
    const child = Bun.spawn(["unshare", ...apart, "--mount-proc", "bash", program], {
      cwd: this.#folder,
      env: {
        ...this.#lab.environment,
        KUBECONFIG: kubeconfigFile(this.#lab.folder),
        NODE: name,
        ZONE: zone,
        ADDRESS: `${address}/${prefixLength}`,
        GATEWAY: controlAddress,
        ROUTES: routes.join(" "),
      },
      stdin: "ignore",
      stdout: out,
      stderr: out,
    });
    this.#child = child;
    await until({ what: `${name} has its namespaces`, maxMs: startMaxMs }, async () => {
      return this.#firstProcess !== undefined;
    });
    const pid = String(child.pid);
    const ends = ["type", "veth", "peer", "name", "eth0", "netns", pid];
    await outcome(["ip", "link", "add", wire, ...ends]);
    await outcome(["ip", "link", "set", wire, "master", bridge, "up"]);
    await until({ what: `containerd of ${name} listens`, maxMs: startMaxMs }, async () => {
      return existsSync(socket);
    });
  }

  /** At once, with all that is in it, as when the power fails. Its disk stays. */
  async kill(): Promise<void> {
    const child = this.#child;
    const pid = this.#firstProcess;
    if (child === undefined || pid === undefined) return;
    process.kill(pid, "SIGKILL");
    await child.exited;
    this.#child = undefined;
    const { name, wire } = this.plan;
    await until({ what: `${name} is gone`, maxMs: startMaxMs }, async () => {
      return (await ran(["ip", "link", "show", wire])).code !== 0;
    });
  }

  /** To containerd's own client. */
  async ctr(...words: readonly string[]): Promise<string> {
    const enter = ["nsenter", "-t", String(this.#child?.pid), "-m", "--"];
    const command = ["ctr", "-a", containerdSocket(this.#folder), "-n", "k8s.io", ...words];
    return await outcome([...enter, ...command], this.#lab.environment);
  }

  /** Process 1 in there, as we see it. */
  get #firstProcess(): number | undefined {
    const pid = this.#child?.pid;
    if (pid === undefined) return undefined;
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
      return children === "" ? undefined : Number(children.split(" ")[0]);
    } catch {
      return undefined;
    }
  }
}

/** Of each name of a lab's cgroups: two labs have nothing in common. */
export function cgroupPrefix(folder: string): string {
  return `godwit-${folder.slice(folder.lastIndexOf(".") + 1)}-`;
}

export function cgroupOf({ folder }: LabPlan, { name }: NodePlan): string {
  return `${cgroupPrefix(folder)}${name}`;
}

/** @throws with what it said when it does not end well */
export async function outcome(
  command: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const { code, out, err } = await ran(command, { environment, timeoutMs: commandMaxMs });
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${out}${err}`);
  return out;
}
