/** What is put into a ConfigMap: a command as one file, the scripts of k6 as they are. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { dependencies } from "../../package.json" with { type: "json" };
import type { Files } from "./objects.ts";

const loadtest = join(import.meta.dir, "..");

/** Our own code in one file; packages are those of Godwit's image. @throws with what cannot be read */
export async function programText(command: "source" | "sink"): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(loadtest, `${command}.ts`)],
    target: "bun",
    external: Object.keys(dependencies).flatMap((name) => [name, `${name}/*`]),
    // Names stay as they are: it may be read in the cluster.
    minify: { whitespace: true },
  });
  const [output] = built.outputs;
  if (output === undefined) throw new Error(`Cannot build ${command}: there is no output`);
  return await output.text();
}

/** k6 reads TypeScript itself; they stand in one folder, and import nothing from elsewhere. */
export async function scriptFiles(): Promise<Files> {
  const folder = join(loadtest, "k6");
  const names = (await readdir(folder)).filter((name) => /(?<!\.test)\.ts$/.test(name));
  const files = names.toSorted().map(async (name) => {
    return [name, await Bun.file(join(folder, name)).text()] as const;
  });
  return Object.fromEntries(await Promise.all(files));
}
