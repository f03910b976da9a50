/** What the disk under a folder was asked to do, whoever asked. */
import { existsSync, readFileSync, statSync } from "node:fs";

export interface DiskCounts {
  readonly writtenBytes: number;
  /** Requests to make durable what stands in the disk's own memory: an fsync is one, or shares one. */
  readonly flushes: number;
}

/** Of the kernel's block layer, whatever the disk has. */
const sectorBytes = 512;

/** Undefined where there is no disk of its own: tmpfs, overlay, btrfs. */
export function diskCounts(folder: string): DiskCounts | undefined {
  const at = `/sys/dev/block/${deviceName(statSync(folder).dev)}`;
  if (!existsSync(at)) return undefined;
  // Flushes are counted for whole disks only.
  const file = existsSync(`${at}/partition`) ? `${at}/../stat` : `${at}/stat`;
  return parseDiskStat(readFileSync(file, "utf8"));
}

/** makedev(3), as Linux encodes it. */
export function deviceName(dev: number): string {
  const major = Math.floor(dev / 2 ** 8) % 2 ** 12;
  const minor = (dev % 2 ** 8) + Math.floor(dev / 2 ** 20) * 2 ** 8;
  return `${major}:${minor}`;
}

/** Documentation/block/stat.rst. Undefined: the kernel is too old to count flushes. */
export function parseDiskStat(text: string): DiskCounts | undefined {
  const fields = text.trim().split(/\s+/).map(Number);
  const [sectors, flushes] = [fields[6], fields[15]];
  if (sectors === undefined || flushes === undefined) return undefined;
  return { writtenBytes: sectors * sectorBytes, flushes };
}
