/** What is fetched once, checked, and kept outside the tree. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface Wanted {
  readonly algorithm: "sha256" | "sha512";
  /** Hexadecimal. */
  readonly digest: string;
  /** Makes the file in an empty folder, and returns its name. */
  readonly fetch: (folder: string) => Promise<string>;
}

/** Sees to it that the file is there. Rejects when it, or what was fetched, is not what was wanted. */
export async function cachedFile(path: string, wanted: Wanted): Promise<void> {
  if (existsSync(path)) return checked(path, await readFile(path), wanted);
  await mkdir(dirname(path), { recursive: true });
  const folder = await mkdtemp(`${path}.`);
  try {
    const fetched = join(folder, await wanted.fetch(folder));
    checked(path, await readFile(fetched), wanted);
    await rename(fetched, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function checked(path: string, bytes: Uint8Array, { algorithm, digest }: Wanted): void {
  const found = createHash(algorithm).update(bytes).digest("hex");
  if (found === digest) return;
  throw new Error(`Cannot use ${path}: its ${algorithm} is ${found}, wanted is ${digest}`);
}
