/**
 * A control group, which counts the CPU of all that ever ran in it: of processes that nobody waited
 * for, nobody else does.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

const root = "/sys/fs/cgroup";
/** Of version 1, and where the hierarchies are joined; of version 2. */
const parents = [join(root, "cpuacct"), join(root, "cpu,cpuacct"), root] as const;

export class CpuGroup {
  readonly #folder: string;

  /** Undefined where none can be made: needs root and a cgroup file system that can be written. */
  static make(name: string): CpuGroup | undefined {
    for (const parent of parents) {
      const folder = join(parent, name);
      try {
        mkdirSync(folder);
      } catch {
        // Another version, or read-only.
        continue;
      }
      const group = new CpuGroup(folder);
      if (existsSync(join(folder, "cgroup.procs")) && group.cpuSeconds() !== undefined) {
        return group;
      }
      group.remove();
    }
    return undefined;
  }

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** The command as one that enters the group first. */
  entered(command: readonly string[]): readonly string[] {
    const script = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"';
    return ["sh", "-ec", script, "sh", this.#folder, ...command];
  }

  /** User and system. Undefined when it is gone. */
  cpuSeconds(): number | undefined {
    return parseCpuSeconds((name) => readOrNothing(join(this.#folder, name)));
  }

  /** All in it must have ended. */
  remove(): void {
    try {
      rmdirSync(this.#folder);
    } catch {
      // Its last process is not quite gone: an empty group is no harm.
    }
  }
}

/** Nanoseconds in version 1, microseconds in version 2. */
export function parseCpuSeconds(read: (file: string) => string): number | undefined {
  const nanoseconds = /^([0-9]+)\n?$/.exec(read("cpuacct.usage"))?.[1];
  if (nanoseconds !== undefined) return Number(nanoseconds) / 1e9;
  const microseconds = /^usage_usec ([0-9]+)$/m.exec(read("cpu.stat"))?.[1];
  return microseconds === undefined ? undefined : Number(microseconds) / 1e6;
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
