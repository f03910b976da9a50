/** Where it was measured: figures without it mean nothing. */
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { medianOf } from "./statistics.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly bun: string;
  /** Where the queues are. */
  readonly fileSystem: string;
  /** Create, write 4 KiB, fsync: median of 200. */
  readonly fsyncMs: number;
  readonly openFilesMax: number;
}

const probes = 200;

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    bun: Bun.version,
    fileSystem: fileSystemOf(tmpdir(), readFileSync("/proc/mounts", "utf8")),
    fsyncMs: fsyncMs(),
    openFilesMax: openFilesMax(),
  };
}

/** The type of the mount with the longest path above `path`. */
export function fileSystemOf(path: string, mounts: string): string {
  let found = { at: "", type: "unknown" };
  for (const line of mounts.split("\n")) {
    const [, at = "", type = ""] = line.split(" ");
    const isAbove = at === "/" || path === at || path.startsWith(`${at}/`);
    if (at !== "" && isAbove && at.length >= found.at.length) found = { at, type };
  }
  return found.type;
}

function fsyncMs(): number {
  const directory = mkdtempSync(join(tmpdir(), "godwit-fsync-"));
  const block = Buffer.alloc(4_096, "x");
  const spans: number[] = [];
  try {
    for (let i = 0; i < probes; i++) {
      const startedAt = systemClock.monotonic();
      const file = openSync(join(directory, String(i)), "wx");
      writeSync(file, block);
      fsyncSync(file);
      closeSync(file);
      spans.push(systemClock.monotonic() - startedAt);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
  return medianOf(spans);
}

function openFilesMax(): number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  return Number(/^Max open files\s+([0-9]+)/m.exec(limits)?.[1] ?? 0);
}
