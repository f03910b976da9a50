/** Puts an image's files into a folder: for a Dockerfile, and to try them. */
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { complete, type Entry } from "./entry.ts";

export async function writeTree(folder: string, entries: readonly Entry[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  // Each folder comes before what is in it.
  for (const entry of complete(entries)) {
    const path = join(folder, entry.path);
    switch (entry.kind) {
      case "link":
        await symlink(entry.target, path);
        break;
      case "folder":
        await mkdir(path, { recursive: true });
        await chmod(path, entry.isWritableByAll ? 0o1777 : 0o755);
        break;
      case "file":
        await writeFile(path, entry.bytes);
        await chmod(path, entry.isExecutable ? 0o755 : 0o644);
    }
  }
}
