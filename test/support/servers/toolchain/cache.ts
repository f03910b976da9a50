/** What is fetched once and kept outside the tree, safe against two processes at once. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";

export interface Fetch {
  /** With the version: another version is another folder. */
  readonly name: string;
  /** Told before and after, since the first time takes a while. */
  readonly told: (text: string) => void;
  readonly into: (folder: string) => Promise<void>;
}

/** A folder that stands there is complete: it is renamed to its name when all is in it. */
export async function fetched({ name, told, into }: Fetch): Promise<string> {
  const folder = cached(name);
  if (existsSync(folder)) return folder;
  told(`Fetching ${name}, once …\n`);
  const startedAt = systemClock.monotonic();
  const parent = join(folder, "..");
  await mkdir(parent, { recursive: true });
  const unfinished = await mkdtemp(`${folder}.`);
  try {
    await into(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another process was faster.
    if (!existsSync(folder)) throw error;
  }
  const seconds = (systemClock.monotonic() - startedAt) / 1_000;
  told(`Fetched ${name} in ${seconds.toFixed(1)} s\n`);
  return folder;
}

export function cached(name: string): string {
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  return join(caches, "godwit", name);
}

export function toldToStderr(text: string): void {
  process.stderr.write(text);
}
