/** Schemas of all objects that the chart makes: Kubernetes' own, and those of operators. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { cached, fetched } from "./cache.ts";
import { customResourceSchemas } from "./custom-resource-schemas.ts";
import { kubernetesSchemas, type NamedSchema } from "./kubernetes-schemas.ts";
import { runTool } from "./tool.ts";

interface Description {
  /** Of the folder that is kept. */
  readonly name: string;
  readonly goModule: string;
  readonly version: string;
  /** In the module, which is where its own project keeps them. */
  readonly files: readonly string[];
  readonly schemasOf: (text: string) => readonly NamedSchema[];
}

const downloadMaxMs = 600_000;

const descriptions: readonly Description[] = [
  {
    name: "kubernetes",
    goModule: "k8s.io/kubernetes",
    version: "1.37.2",
    files: ["api/openapi-spec/swagger.json"],
    schemasOf: kubernetesSchemas,
  },
  {
    name: "cert-manager",
    goModule: "github.com/cert-manager/cert-manager",
    version: "1.21.2",
    files: ["deploy/crds/cert-manager.io_certificates.yaml"],
    schemasOf: customResourceSchemas,
  },
  {
    name: "keda",
    goModule: "github.com/kedacore/keda/v2",
    version: "2.21.0",
    files: ["config/crd/bases/keda.sh_scaledobjects.yaml"],
    schemasOf: customResourceSchemas,
  },
  {
    name: "prometheus-operator",
    goModule: "github.com/prometheus-operator/prometheus-operator",
    version: "0.85.0",
    files: ["servicemonitors", "prometheusrules"].map(
      (kind) => `example/prometheus-operator-crd/monitoring.coreos.com_${kind}.yaml`,
    ),
    schemasOf: customResourceSchemas,
  },
];

export function haveChartSchemas(): boolean {
  return descriptions.every((it) => existsSync(cached(folderOf(it))));
}

/** As kubeconform's `-schema-location` has them. */
export async function chartSchemas(told: (text: string) => void): Promise<readonly string[]> {
  const locations: string[] = [];
  for (const description of descriptions) {
    const name = folderOf(description);
    const into = (folder: string) => write(description, folder);
    const folder = await fetched({ name, told, into });
    locations.push(`${folder}/{{.ResourceKind}}{{.KindSuffix}}.json`);
  }
  return locations;
}

function folderOf({ name, version }: Description): string {
  return `${name}-schemas-${version}`;
}

async function write(
  { goModule, version, files, schemasOf }: Description,
  folder: string,
): Promise<void> {
  const said = await runTool({
    command: ["go", "mod", "download", "-json", `${goModule}@v${version}`],
    timeoutMs: downloadMaxMs,
  });
  const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(said));
  await mkdir(folder, { recursive: true });
  for (const file of files) {
    for (const { name, text } of schemasOf(await readFile(join(Dir, file), "utf8"))) {
      await writeFile(join(folder, `${name}.json`), text);
    }
  }
}
