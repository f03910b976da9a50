/** Puts an image's files into a folder: for a Dockerfile, and to try them. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { complete, type Entry, modeOf } from "./entry.ts";

export async function writeTree(folder: string, entries: readonly Entry[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  // Each folder comes before what is in it.
  for (const entry of complete(entries)) {
    const path = join(folder, entry.path);
    if (entry.kind === "folder") await mkdir(path, { recursive: true });
    else await writeFile(path, entry.bytes);
    await chmod(path, modeOf(entry));
  }
}
