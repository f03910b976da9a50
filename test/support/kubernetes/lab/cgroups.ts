/** A node's part of each hierarchy of cgroups: the kubelet wants to find it, and nobody removes it. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "#lib/clock";

const mount = "/sys/fs/cgroup";
const controllers = [
  "cpu",
  "cpuacct",
  "cpuset",
  "memory",
  "devices",
  "freezer",
  "blkio",
  "pids",
  "systemd",
];
/** They are busy for as long as the kernel takes to bury the last process. */
const triesMax = 40;
const tryAgainMs = 100;

/** Of version 1 one for each controller; of version 2 there is one for all. */
function hierarchies(): readonly string[] {
  const found = controllers.map((it) => join(mount, it)).filter((path) => existsSync(path));
  return found.length > 0 ? found : [mount];
}

export async function makeCgroup(name: string): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, name);
    await mkdir(folder, { recursive: true });
    // Of these a new one has none, and may run nothing.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      if (!hierarchy.endsWith("cpuset")) continue;
      await writeFile(join(folder, file), readFileSync(join(hierarchy, file)));
    }
  }
}

/** All whose name begins so, when nothing runs in them any more. */
export async function removeCgroups(prefix: string): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const names = (await readdir(hierarchy)).filter((name) => name.startsWith(prefix));
    for (const name of names) await removeSoon(join(hierarchy, name));
  }
}

async function removeSoon(folder: string): Promise<void> {
  for (let tries = 1; existsSync(folder); tries++) {
    try {
      await removeBelow(folder);
    } catch (error) {
      if (tries === triesMax) throw error;
      await systemClock.sleep(tryAgainMs);
    }
  }
}

/** Files there go with their folder. */
async function removeBelow(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeBelow(join(folder, entry.name));
  }
  await rmdir(folder);
}
