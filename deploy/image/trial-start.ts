/** Starts what was built, with nothing but what is in the image. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loaderOf } from "./c-library.ts";
import { runConfig } from "./contents.ts";
import type { Entry } from "./entry.ts";
import { writeTree } from "./file-tree.ts";
import type { Architecture } from "./layout.ts";

export interface Trial {
  readonly said: string;
  readonly exitCode: number;
  readonly durationMs: number;
}

/** Its Bun, by its own loader, which looks in the image's own folders. */
export function bunOf(folder: string, architecture: Architecture): readonly string[] {
  const { loader, folder: libraries } = loaderOf(architecture);
  const libraryPath = ["--library-path", join(folder, libraries)];
  return [join(folder, loader), ...libraryPath, join(folder, "usr/local/bin/bun")];
}

/** What its `godwit` runs. */
export function programOf(folder: string): string {
  return join(folder, "opt/godwit/services/cli/main.ts");
}

/** `words` are the command's. */
export async function trialStart(
  entries: readonly Entry[],
  architecture: Architecture,
  words: readonly string[],
): Promise<Trial> {
  const folder = await mkdtemp(join(tmpdir(), "godwit-image-"));
  try {
    await writeTree(folder, entries);
    const command = [...bunOf(folder, architecture), programOf(folder), ...words];
    const startedAt = performance.now();
    const child = Bun.spawn(command, {
      env: runConfig.environment,
      cwd: join(folder, "etc/godwit"),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    const durationMs = Math.round(performance.now() - startedAt);
    return { said: `${out}${err}`, exitCode: child.exitCode ?? 1, durationMs };
  } finally {
    await rm(folder, { recursive: true });
  }
}
