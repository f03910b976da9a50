/** What a lab is made of: found out outside of it, where registries are, and read inside. */
import { join } from "node:path";
import { z } from "zod";

const plan = z.strictObject({
  /** Of this lab alone; removed with it. */
  folder: z.string(),
  nodes: z.int(),
  /** The folder of Kubernetes' programs. */
  programs: z.string(),
  helm: z.string(),
  /** `PATH` and its like, for what comes of packages. */
  environment: z.record(z.string(), z.string()),
  cniPlugins: z.string(),
  /** Archives, for every node or for the one that is named. */
  images: z.array(z.strictObject({ path: z.string(), node: z.string().optional() })),
});

export type LabPlan = z.output<typeof plan>;

export function planFile(folder: string): string {
  return join(folder, "plan.json");
}

export async function writePlan(it: LabPlan): Promise<void> {
  await Bun.write(planFile(it.folder), JSON.stringify(it));
}

export async function readPlan(folder: string): Promise<LabPlan> {
  return plan.parse(await Bun.file(planFile(folder)).json());
}
