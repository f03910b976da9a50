/** What `package-lock.json` says of the packages that an image carries. */
import { z } from "zod";

export interface LockedPackage {
  /** Where it is installed, from the root. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  /** Of the archive in the registry: `sha512-` and base64. */
  readonly integrity: string;
  /** For one platform, such as Bun's program. */
  readonly isOptional: boolean;
}

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      integrity: z.string().optional(),
      dev: z.boolean().optional(),
      optional: z.boolean().optional(),
    }),
  ),
});

/** Those that the running program needs, in the lock's order. */
export function lockedPackages(lockText: string): readonly LockedPackage[] {
  const { packages } = lockSchema.parse(JSON.parse(lockText));
  return Object.entries(packages).flatMap(([path, entry]) => {
    const { version, license, integrity, dev = false, optional: isOptional = false } = entry;
    if (path === "" || dev || version === undefined || integrity === undefined) return [];
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    return [{ path, name, version, license, integrity, isOptional }];
  });
}

/** Those of the image's own layer for them: what is for one platform, and Bun, stands elsewhere. */
export function sharedPackages(packages: readonly LockedPackage[]): readonly LockedPackage[] {
  return packages.filter(({ name, isOptional }) => !isOptional && name !== "bun");
}

/** @throws when the lock has no such package */
export function lockedPackage(packages: readonly LockedPackage[], name: string): LockedPackage {
  const found = packages.find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`Cannot find ${name} in package-lock.json`);
  return found;
}
