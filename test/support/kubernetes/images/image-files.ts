/** Files of this machine as entries of an image. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Entry, executable, file } from "../../../../deploy/image/entry.ts";
import { runTool } from "../../servers/toolchain/tool.ts";

const lddMaxMs = 60_000;

/** Where a folder of this machine goes, and what of it. */
export interface Part {
  readonly from: string;
  /** Without a slash before it. */
  readonly to: string;
  readonly wants?: (name: string) => boolean;
}

/** A link becomes what it leads to; one that leads nowhere is left out. */
export async function partFiles({ from, to, wants = () => true }: Part): Promise<readonly Entry[]> {
  const names: string[] = [];
  const scan = { cwd: from, dot: true, followSymlinks: true, onlyFiles: true };
  for await (const name of new Bun.Glob("**/*").scan(scan)) {
    if (wants(name) && existsSync(join(from, name))) names.push(name);
  }
  return await Promise.all(names.map((name) => copied(join(from, name), `${to}/${name}`)));
}

export async function copied(path: string, to: string): Promise<Entry> {
  const bytes = await readFile(path);
  const isExecutable = (statSync(path).mode & 0o111) !== 0;
  return isExecutable ? executable(to, bytes) : file(to, bytes);
}

/** What the dynamic loader finds for these programs and libraries, and the loader, at their places. */
export async function sharedLibraries(
  paths: readonly string[],
  named: readonly string[],
): Promise<readonly Entry[]> {
  const said = await runTool({ command: ["ldd", ...paths], timeoutMs: lddMaxMs });
  const found = libraryPaths(said);
  const folder = dirname(found.find((path) => path.includes("/libc.so")) ?? "");
  const others = named.map((name) => join(folder, name)).filter((path) => existsSync(path));
  const all = [...new Set([...found, ...others])];
  return await Promise.all(all.map((path) => copied(path, path.slice(1))));
}

/** Of `ldd`: those that lie where the loader looks by itself. */
export function libraryPaths(said: string): readonly string[] {
  const paths = said.matchAll(/(?:=> |^\s+)(\/lib\S*) \(0x/gm);
  return [...new Set([...paths].map(([, path = ""]) => path))].sort();
}
