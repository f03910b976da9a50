/** A disk of a few megabytes, which a test can fill to the last octet: a file system in memory. */

import { closeSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const blockBytes = 4_096;

/** Undefined when it can be had here. */
export async function smallDiskMissing(): Promise<string | undefined> {
  try {
    await using _ = await SmallDisk.mount(1);
    return undefined;
  } catch (error) {
    return `only who may mount gets a small disk: ${error instanceof Error ? error.message : error}`;
  }
}

export class SmallDisk implements AsyncDisposable {
  readonly path: string;
  readonly #filler: string;

  static async mount(mebibytes: number): Promise<SmallDisk> {
    const path = await mkdtemp(join(tmpdir(), "godwit-disk-"));
    try {
      run("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", path);
    } catch (error) {
      await rm(path, { recursive: true });
      throw error;
    }
    return new SmallDisk(path);
  }

  private constructor(path: string) {
    this.path = path;
    this.#filler = join(path, "filler");
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Leaves so many bytes. */
  fill(leftBytes: number): void {
    const block = new Uint8Array(blockBytes);
    const file = openSync(this.#filler, "a");
    try {
      while (this.freeBytes > leftBytes) writeSync(file, block);
    } finally {
      closeSync(file);
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(this.#filler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What still has a file open there does not keep it.
    run("umount", "-l", this.path);
    await rm(this.path, { recursive: true });
  }
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(stderr.toString().trim());
}
