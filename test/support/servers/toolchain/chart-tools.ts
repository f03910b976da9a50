/** What checks a chart without a cluster: helm, kubeconform, and schemas of Kubernetes' API. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { cached, fetched, toldToStderr } from "./cache.ts";
import { kubernetesSchemas } from "./kubernetes-schemas.ts";
import { runTool } from "./tool.ts";

export interface ChartTools {
  readonly helm: string;
  readonly kubeconform: string;
  /** As kubeconform's `-schema-location` has it. */
  readonly schemas: string;
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
/** Whose objects are written. */
const kubernetes = "1.37.2";
const schemasName = `kubernetes-schemas-${kubernetes}`;
/** Helm alone is four minutes of one core. */
export const chartToolsMaxMs = 1_800_000;

/** Undefined when they can be had here. */
export function chartToolsMissing(): string | undefined {
  if (process.platform !== "linux") return "optional: charts are checked on Linux only";
  const names = [folderOf(helm), folderOf(kubeconform), schemasName];
  if (names.every((name) => existsSync(cached(name))) || Bun.which("go") !== null) return;
  return "helm cannot be built: go is not installed";
}

export async function chartTools(told = toldToStderr): Promise<ChartTools> {
  const schemas = await fetched({ name: schemasName, told, into: intoSchemas });
  return {
    helm: await programOf(helm, told),
    kubeconform: await programOf(kubeconform, told),
    schemas: `${schemas}/{{.ResourceKind}}{{.KindSuffix}}.json`,
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

/** From the description of the API that its own module brings along. */
async function intoSchemas(folder: string): Promise<void> {
  const said = await runTool({
    command: ["go", "mod", "download", "-json", `k8s.io/kubernetes@v${kubernetes}`],
    timeoutMs: chartToolsMaxMs,
  });
  const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(said));
  const description = await readFile(join(Dir, "api", "openapi-spec", "swagger.json"), "utf8");
  await mkdir(folder, { recursive: true });
  for (const { name, text } of kubernetesSchemas(description)) {
    await writeFile(join(folder, `${name}.json`), text);
  }
}
