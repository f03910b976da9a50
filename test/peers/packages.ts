/** Debian packages of the real servers that we are tried against. */
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";

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

async function run(command: string[]): Promise<string | undefined> {
  const child = Bun.spawn(command, {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    timeout: installTimeoutMs,
  });
  const errors = await child.stderr.text();
  return (await child.exited) === 0 ? undefined : errors.trim().slice(-500) || "it failed";
}
