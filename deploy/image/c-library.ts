/**
 * The C library that Bun's program stands on, from Debian's package: the one thing in the image that
 * npm does not have. Its version is pinned: a newer one, with what it mends, is a change of this file.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedFile } from "./cached-file.ts";
import { type Entry, executable, file } from "./entry.ts";
import type { Architecture } from "./layout.ts";
import { toolOutput } from "./tool.ts";

export const cLibrary = {
  name: "libc6",
  version: "2.36-9+deb12u14",
  license: "LGPL-2.1-or-later",
} as const;

interface Build {
  readonly sha256: string;
  readonly loader: string;
  readonly folder: string;
}

const builds: Readonly<Record<Architecture, Build>> = {
  amd64: {
    sha256: "ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf",
    loader: "lib64/ld-linux-x86-64.so.2",
    folder: "lib/x86_64-linux-gnu",
  },
  arm64: {
    sha256: "01f4330719fd4f65580e16ea5a0527f372fca750e8f588d26deaf09f2d3b1cf4",
    loader: "lib/ld-linux-aarch64.so.1",
    folder: "lib/aarch64-linux-gnu",
  },
};

/** What Bun is linked with, and what the library itself loads to find hosts and users. */
const libraries = ["libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "libresolv.so.2"];

export function cLibraryDigest(architecture: Architecture): string {
  return builds[architecture].sha256;
}

/** Where the loader is, and where it shall look. */
export function loaderOf(architecture: Architecture): { loader: string; folder: string } {
  return builds[architecture];
}

/** Needs apt and dpkg-deb, of the Debian release that has this version. */
export async function cLibraryFiles(
  architecture: Architecture,
  cache: string,
): Promise<readonly Entry[]> {
  const { sha256, loader, folder } = builds[architecture];
  const path = join(cache, `${cLibrary.name}-${cLibrary.version}-${architecture}.deb`);
  await cachedFile(path, {
    algorithm: "sha256",
    digest: sha256,
    fetch: (place) => download(architecture, place),
  });
  const unpacked = await mkdtemp(join(tmpdir(), "godwit-image-"));
  try {
    await toolOutput({ command: ["dpkg-deb", "-x", path, unpacked] });
    const read = (name: string) => Bun.file(join(unpacked, name)).bytes();
    const name = loader.slice(loader.lastIndexOf("/") + 1);
    const copyright = `usr/share/doc/${cLibrary.name}/copyright`;
    return [
      executable(loader, await read(join(folder, name))),
      ...(await Promise.all(
        libraries.map(async (library) => {
          const at = `${folder}/${library}`;
          return executable(at, await read(at));
        }),
      )),
      file(copyright, await read(copyright)),
    ];
  } finally {
    await rm(unpacked, { recursive: true });
  }
}

/** With lists of its own: those of the machine may be of another architecture, or old. */
async function download(architecture: Architecture, folder: string): Promise<string> {
  const state = join(folder, "state");
  await mkdir(join(state, "lists", "partial"), { recursive: true });
  await mkdir(join(folder, "archives", "partial"), { recursive: true });
  await writeFile(join(folder, "status"), "");
  const settings = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    `Dir::State=${state}`,
    `Dir::State::status=${join(folder, "status")}`,
    `Dir::Cache=${folder}`,
    // It could not write here as somebody else.
    `APT::Sandbox::User=root`,
  ];
  const apt = ["apt-get", "-qq", ...settings.flatMap((setting) => ["-o", setting])];
  await toolOutput({ command: [...apt, "update"], folder });
  const { name, version } = cLibrary;
  const command = [...apt, "download", `${name}=${version}`];
  await toolOutput({ command, folder }).catch((error: Error) => {
    const todo = "if Debian has replaced it, deploy/image/c-library.ts pins it: name the newer one";
    throw new Error(`Cannot fetch ${name} ${version}: ${todo}.\n${error.message}`);
  });
  return `${name}_${version}_${architecture}.deb`;
}
