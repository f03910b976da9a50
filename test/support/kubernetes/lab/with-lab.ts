/** Runs a program where a lab can be: in namespaces of its own, with all that a lab needs. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { imageMissing } from "../../deploy/image-source.ts";
import { cached } from "../../servers/toolchain/cache.ts";
import { cassandraMissing } from "../../servers/toolchain/cassandra-jars.ts";
import { chartTools, chartToolsMissing } from "../../servers/toolchain/chart-tools.ts";
import { natsMissing } from "../../servers/toolchain/nats-binary.ts";
import { cassandraImage, natsImage, pauseImage } from "../images/server-images.ts";
import { kubernetesMissing, kubernetesPrograms } from "../toolchain/kubernetes-programs.ts";
import { nodePackages, nodePackagesMissing } from "../toolchain/node-packages.ts";
import { removeCgroups } from "./cgroups.ts";
import { cgroupPrefix } from "./lab-node.ts";
import { steadyNode } from "./network.ts";
import { type LabPlan, writePlan } from "./plan.ts";

const stem = "kubernetes-lab";
const tools = ["unshare", "nsenter", "ip", "mount", "bash"];
/** A node has folders of its own there. */
const hidden = /^\/(tmp|run|var\/lib|var\/log)\//;

/** Undefined when there can be a lab here. */
export function labMissing(): string | undefined {
  if (process.platform !== "linux") return "optional: a lab is made on Linux only";
  if (process.arch !== "x64") return "optional: a lab is made on x86-64 only";
  if (process.getuid?.() !== 0) return "a lab needs root, for its namespaces";
  if (hidden.test(cached(stem))) return `a lab cannot be in ${dirname(cached(stem))}`;
  const absent = tools.filter((tool) => Bun.which(tool) === null);
  if (absent.length > 0) return `${absent.join(" and ")} not installed`;
  return (
    kubernetesMissing() ??
    nodePackagesMissing() ??
    chartToolsMissing() ??
    natsMissing() ??
    cassandraMissing() ??
    imageMissing()
  );
}

export interface LabRun {
  readonly nodes: number;
  /** Gets the lab's folder, and what is to be done in it. */
  readonly program: string;
  readonly words: readonly string[];
  /** Makes further images; gets a folder for them, and returns their paths. */
  readonly images: (folder: string) => Promise<readonly string[]>;
  readonly told: (text: string) => void;
}

/** Resolves to the program's exit code, when nothing of the lab is left. */
export async function withLab(run: LabRun): Promise<number> {
  await removeAbandoned();
  await mkdir(dirname(cached(stem)), { recursive: true });
  const folder = await mkdtemp(`${cached(stem)}.`);
  await writeFile(join(folder, "owner"), String(process.pid));
  try {
    await writePlan(await planned(folder, run));
    return await inside(run, folder);
  } finally {
    await removed(folder);
  }
}

async function planned(folder: string, { nodes, images, told }: LabRun): Promise<LabPlan> {
  const programs = await kubernetesPrograms(told);
  const packages = await nodePackages(told);
  const { helm } = await chartTools(told);
  const { environment, cniPlugins, busybox } = packages;
  const forAll = [await pauseImage(programs, told), await natsImage(told)].map(({ path }) => path);
  const cassandra = await cassandraImage(busybox, told);
  const path = `${programs}:${environment.PATH}`;
  return {
    folder,
    nodes,
    programs,
    helm,
    environment: { ...environment, PATH: path },
    cniPlugins,
    images: [
      ...[...forAll, ...(await images(folder))].map((it) => ({ path: it })),
      { path: cassandra.path, node: steadyNode },
    ],
  };
}

/** Its first process is the program: what it leaves behind ends with it. It ends when we do. */
async function inside({ program, words }: LabRun, folder: string): Promise<number> {
  const apart = ["--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"];
  const command = [process.execPath, program, folder, ...words];
  // Who stops us on a terminal stops it, too; then there is something to tidy up.
  process.once("SIGINT", () => {});
  const child = Bun.spawn(["unshare", ...apart, "--mount-proc", ...command], {
    stdin: "pipe",
    stdout: "inherit",
    stderr: "inherit",
  });
  return await child.exited;
}

/** Of those whose maker was killed. */
async function removeAbandoned(): Promise<void> {
  const parent = dirname(cached(stem));
  if (!existsSync(parent)) return;
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${stem}.`)) continue;
    const folder = join(parent, name);
    const owner = await readFile(join(folder, "owner"), "utf8").catch(() => "");
    if (owner !== "" && existsSync(`/proc/${owner}`)) continue;
    await removed(folder);
  }
}

async function removed(folder: string): Promise<void> {
  await removeCgroups(cgroupPrefix(folder));
  await rm(folder, { recursive: true, force: true });
}
