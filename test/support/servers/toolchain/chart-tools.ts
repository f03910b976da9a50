/** What checks a chart without a cluster: helm, kubeconform, and schemas of all objects. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cached, fetched, toldToStderr } from "./cache.ts";
import { chartSchemas, haveChartSchemas } from "./chart-schemas.ts";
import { runTool } from "./tool.ts";

export interface ChartTools {
  readonly helm: string;
  readonly kubeconform: string;
  /** As kubeconform's `-schema-location` has it. */
  readonly schemas: readonly string[];
}

interface Program {
  readonly name: string;
  readonly version: string;
  readonly goPackage: string;
}

const helm: Program = { name: "helm", version: "4.3.1", goPackage: "helm.sh/helm/v4/cmd/helm" };
const kubeconform: Program = {
  name: "kubeconform",
  version: "0.8.0",
  goPackage: "github.com/yannh/kubeconform/cmd/kubeconform",
};
/** Helm alone is four minutes of one core. */
export const chartToolsMaxMs = 1_800_000;

/** Undefined when they can be had here. */
export function chartToolsMissing(): string | undefined {
  if (process.platform !== "linux") return "optional: charts are checked on Linux only";
  const isBuilt = [helm, kubeconform].every((it) => existsSync(cached(folderOf(it))));
  if ((isBuilt && haveChartSchemas()) || Bun.which("go") !== null) return;
  return "helm cannot be built: go is not installed";
}

export async function chartTools(told = toldToStderr): Promise<ChartTools> {
  return {
    helm: await programOf(helm, told),
    kubeconform: await programOf(kubeconform, told),
    schemas: await chartSchemas(told),
  };
}

function folderOf({ name, version }: Program): string {
  return `${name}-${version}`;
}

async function programOf(program: Program, told: (text: string) => void): Promise<string> {
  const { name, version, goPackage } = program;
  const folder = await fetched({
    name: folderOf(program),
    told,
    async into(unfinished) {
      const flags = ["-trimpath", "-ldflags=-s -w"];
      await runTool({
        command: ["go", "install", ...flags, `${goPackage}@v${version}`],
        environment: { GOBIN: unfinished, CGO_ENABLED: "0" },
        timeoutMs: chartToolsMaxMs,
      });
    },
  });
  return join(folder, name);
}
