/** Debian packages of the real servers that we are tried against. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Package {
  readonly name: string;
  /** What is there once it is installed. */
  readonly program: string;
}

const policyFile = "/usr/sbin/policy-rc.d";
const installTimeoutMs = 300_000;

/** Installs what is missing. The reason why that cannot be; undefined when all is there. */
export async function missing(packages: readonly Package[]): Promise<string | undefined> {
  const wanted = packages.filter(({ program }) => !existsSync(program));
  if (wanted.length === 0) return undefined;
  const names = wanted.map(({ name }) => name);
  if (process.getuid?.() !== 0) return `${names.join(", ")} not installed, and this is not root`;
  if (Bun.which("apt-get") === null) return `${names.join(", ")} not installed, and no apt-get`;
  const reason = await withoutStarting(() => install(names));
  if (reason !== undefined) return `Cannot install ${names.join(", ")}: ${reason}`;
  return wanted.every(({ program }) => existsSync(program)) ? undefined : "no such program";
}

/**
 * Unpacks a package that cannot be installed beside another (only one mail server may be), with
 * what it needs. The reason why that cannot be; undefined when it is there.
 */
export async function missingUnpacked(
  name: string,
  directory: string,
): Promise<string | undefined> {
  if (existsSync(directory)) return undefined;
  if (process.getuid?.() !== 0) return `${name} not unpacked, and this is not root`;
  if (Bun.which("apt-get") === null) return `${name} not unpacked, and no apt-get`;
  const work = await mkdtemp(`${directory}-`);
  try {
    const reason = await unpack(name, work);
    if (reason !== undefined) return `Cannot unpack ${name}: ${reason}`;
    await rename(join(work, "root"), directory);
    return undefined;
  } finally {
    await rm(work, { recursive: true });
  }
}

async function unpack(name: string, work: string): Promise<string | undefined> {
  const download = ["apt-get", "download", "-qq", name];
  if ((await run(download, work)) !== undefined) {
    const reason = (await run(["apt-get", "update", "-qq"])) ?? (await run(download, work));
    if (reason !== undefined) return reason;
  }
  const file = (await readdir(work)).find((it) => it.endsWith(".deb"));
  if (file === undefined) return "no such package";
  const libraries = await librariesOf(join(work, file));
  const reason = libraries.length === 0 ? undefined : await install(libraries);
  return reason ?? (await run(["dpkg", "-x", file, "root"], work));
}

async function librariesOf(file: string): Promise<string[]> {
  const child = Bun.spawn(["dpkg-deb", "-f", file, "Depends"], { stdin: "ignore" });
  const depends = await child.stdout.text();
  const names = depends.split(",").map((it) => it.trim().split(/[\s|]/, 1)[0] ?? "");
  return names.filter((it) => it.startsWith("lib"));
}

/** In CI nobody reads of skipped tests, so there a missing server is a failure. */
export function assertThere(reason: string | undefined): void {
  if (reason !== undefined && process.env.CI === "true") throw new Error(reason);
}

async function install(names: readonly string[]): Promise<string | undefined> {
  const options = ["-y", "-qq", "--no-install-recommends"];
  const command = ["apt-get", "install", ...options, ...names];
  // The lists of a fresh image are empty or old: then they are fetched and it is tried again.
  if ((await run(command)) === undefined) return undefined;
  return (await run(["apt-get", "update", "-qq"])) ?? (await run(command));
}

/** Debian starts a service when it is installed, unless this file forbids it. */
async function withoutStarting<T>(act: () => Promise<T>): Promise<T> {
  if (existsSync(policyFile)) return await act();
  await writeFile(policyFile, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await act();
  } finally {
    await rm(policyFile);
  }
}

async function run(command: string[], directory = "/"): Promise<string | undefined> {
  const child = Bun.spawn(command, {
    cwd: directory,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    timeout: installTimeoutMs,
  });
  const errors = await child.stderr.text();
  return (await child.exited) === 0 ? undefined : errors.trim().slice(-500) || "it failed";
}
