/** Bun's program for a platform, from the npm package that the lock pins. */
import { join } from "node:path";
import { cachedFile } from "./cached-file.ts";
import type { Architecture } from "./layout.ts";
import { type LockedPackage, lockedPackage } from "./locked-package.ts";
import { toolOutput } from "./tool.ts";

const packageNames: Readonly<Record<Architecture, string>> = {
  amd64: "@oven/bun-linux-x64",
  arm64: "@oven/bun-linux-aarch64",
};

export function bunPackage(
  packages: readonly LockedPackage[],
  architecture: Architecture,
): LockedPackage {
  return lockedPackage(packages, packageNames[architecture]);
}

export async function bunProgram(pinned: LockedPackage, cache: string): Promise<Uint8Array> {
  const { name, version, integrity } = pinned;
  const [algorithm, base64 = ""] = integrity.split("-");
  if (algorithm !== "sha512") throw new Error(`Cannot check ${name}: ${integrity} is no sha512`);
  const path = join(cache, `${name.replaceAll(/[@/]/g, "-").slice(1)}-${version}.tgz`);
  await cachedFile(path, {
    algorithm,
    digest: Buffer.from(base64, "base64").toString("hex"),
    async fetch(folder) {
      const command = ["npm", "pack", "--silent", `${name}@${version}`];
      const said = await toolOutput({ command, folder });
      return Buffer.from(said).toString().trim().split("\n").at(-1) ?? "";
    },
  });
  return await toolOutput({ command: ["tar", "-xzOf", path, "package/bin/bun"] });
}
