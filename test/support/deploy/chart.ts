/** The chart as helm renders it, and what it says where it refuses. */
import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { type Ran, ran } from "../process/ran.ts";
import { type ChartTools, chartTools } from "../servers/toolchain/chart-tools.ts";

export const chartFolder = join(import.meta.dir, "..", "..", "..", "deploy", "helm", "godwit");
/** Where it is installed. */
export const namespace = "post";
const examplesFolder = join(chartFolder, "examples");
const runMaxMs = 60_000;

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    annotations: z.record(z.string(), z.string()).optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
});
export type Manifest = z.infer<typeof manifest>;

/** Of keys and values as they stand in a values file. */
export type Values = Readonly<Record<string, unknown>>;

export class Chart {
  readonly #tools: ChartTools;
  readonly #folder: string;

  static async open(): Promise<Chart> {
    return new Chart(await chartTools(), await mkdtemp(join(tmpdir(), "godwit-chart-")));
  }

  private constructor(tools: ChartTools, folder: string) {
    this.#tools = tools;
    this.#folder = folder;
  }

  static get examples(): readonly string[] {
    return readdirSync(examplesFolder).map((name) => join(examplesFolder, name));
  }

  async lint(file: string): Promise<Ran> {
    return await this.#run([this.#tools.helm, "lint", "--strict", chartFolder, "-f", file]);
  }

  /** Later values are laid over earlier ones. @throws with what helm says when it refuses */
  async render(...values: readonly (Values | string)[]): Promise<Manifest[]> {
    return manifestsOf(await this.#template(values));
  }

  /** As an upgrade does, which looks at what is there. */
  async renderOn(url: string, ...values: readonly (Values | string)[]): Promise<Manifest[]> {
    const words = ["--dry-run=server", "--disable-openapi-validation", "--kube-apiserver", url];
    return manifestsOf(await this.#template(values, words));
  }

  /** @throws when it does not refuse */
  async refusal(...values: readonly (Values | string)[]): Promise<string> {
    const { code, err } = await this.#template(values);
    if (code === 0) throw new Error("the chart takes these values");
    return err;
  }

  /** Against the schemas of Kubernetes' own objects, and of those that operators bring along. */
  async check(manifests: readonly Manifest[]): Promise<Ran> {
    const file = join(this.#folder, `${Bun.randomUUIDv7()}.json`);
    await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests }));
    const { kubeconform, schemas } = this.#tools;
    const locations = schemas.flatMap((it) => ["-schema-location", it]);
    return await this.#run([kubeconform, "-strict", "-summary", ...locations, file]);
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true });
  }

  async #template(
    values: readonly (Values | string)[],
    further: readonly string[] = [],
  ): Promise<Ran> {
    const files = values.map(async (value) => {
      if (typeof value === "string") return value;
      const file = join(this.#folder, `${Bun.randomUUIDv7()}.json`);
      await writeFile(file, JSON.stringify(value));
      return file;
    });
    const words = (await Promise.all(files)).flatMap((file) => ["-f", file]);
    const command = [this.#tools.helm, "template", "mail", chartFolder, "-n", namespace];
    return await this.#run([...command, ...words, ...further]);
  }

  #run(command: readonly string[]): Promise<Ran> {
    // What helm keeps for itself, and no cluster.
    const environment = {
      PATH: process.env.PATH,
      HOME: this.#folder,
      KUBECONFIG: "/nonexistent",
    };
    return ran(command, { environment, timeoutMs: runMaxMs });
  }
}

function manifestsOf({ code, out, err }: Ran): Manifest[] {
  if (code !== 0) throw new Error(err);
  return manifestsIn(out);
}

export function manifestsIn(yaml: string): Manifest[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS())
    .filter((object) => object !== null)
    .map((object) => manifest.parse(object));
}

/** The only one of its kind with such a name. */
export function named(manifests: readonly Manifest[], kind: string, end: string): Manifest {
  const found = manifests.filter(
    ({ kind: k, metadata }) => k === kind && metadata.name.endsWith(end),
  );
  if (found.length !== 1 || found[0] === undefined) {
    throw new Error(`there are ${found.length} of ${kind} ${end}`);
  }
  return found[0];
}

/** A file of such a ConfigMap. */
export function fileOf(manifests: readonly Manifest[], end: string, name = "godwit.yaml"): string {
  const data = z.record(z.string(), z.string()).parse(named(manifests, "ConfigMap", end).data);
  return data[name] ?? "";
}
