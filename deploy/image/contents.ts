/** What is in the image, layer by layer. */
import { join } from "node:path";
import { z } from "zod";
import { billOfMaterials } from "./bill-of-materials.ts";
import { bunPackage, bunProgram } from "./bun-program.ts";
import { cLibraryFiles } from "./c-library.ts";
import { type Entry, executable, file } from "./entry.ts";
import type { Architecture, Layer, RunConfig } from "./layout.ts";
import { type LockedPackage, lockedPackages, sharedPackages } from "./locked-package.ts";

export interface Places {
  /** Of the clone, with its packages installed. */
  readonly root: string;
  /** Where what is fetched is kept. */
  readonly cache: string;
}

/** What an image is made from. */
export interface Source extends Places {
  readonly version: string;
  readonly packages: readonly LockedPackage[];
}

/** Of `nonroot`, who owns nothing: as in other images without a distribution. */
const userId = 65_532;
const applicationFolder = "opt/godwit";

export const runConfig: RunConfig = {
  user: `${userId}:${userId}`,
  // Where a command without --config finds godwit.yaml.
  workingDirectory: "/etc/godwit",
  entrypoint: ["/usr/local/bin/godwit"],
  environment: {
    PATH: "/usr/local/bin",
    HOME: "/tmp",
    // The root file system is read-only: nothing is kept from one start for the next.
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
  },
};

/** The kernel starts Bun for it: there is no shell, and none is needed. */
const command = `#!/usr/local/bin/bun
import "/${applicationFolder}/services/cli/main.ts";
`;

const passwd = `root:x:0:0::/:/none
nonroot:x:${userId}:${userId}::/tmp:/none
`;
const group = `root:x:0:\nnonroot:x:${userId}:\n`;

/** Words, types, maps and tests: no program loads them. By a folder's name one cannot tell. */
const superfluous = /\.(md|markdown|map|d\.ts|d\.mts|d\.cts|test\.ts)$/;

export async function sourceOf({ root, cache }: Places): Promise<Source> {
  const lock = await Bun.file(join(root, "package-lock.json")).text();
  const manifest = z.object({ version: z.string() });
  const { version } = manifest.parse(await Bun.file(join(root, "package.json")).json());
  return { root, cache, version, packages: lockedPackages(lock) };
}

export async function layersOf(
  architecture: Architecture,
  source: Source,
): Promise<readonly Layer[]> {
  const { root, cache, packages } = source;
  const bun = await bunProgram(bunPackage(packages, architecture), cache);
  return [
    { name: "C library", entries: await systemFiles(architecture, cache) },
    { name: "Bun", entries: [executable("usr/local/bin/bun", bun)] },
    { name: "packages", entries: await packageFiles(root, packages) },
    {
      name: "Godwit",
      entries: [
        ...(await ownFiles(root)),
        executable("usr/local/bin/godwit", command),
        file("usr/share/godwit/sbom.cdx.json", billOf(architecture, source)),
      ],
    },
  ];
}

export function billOf(architecture: Architecture, { version, packages }: Source): string {
  return billOfMaterials({ architecture, version, packages });
}

async function systemFiles(architecture: Architecture, cache: string): Promise<readonly Entry[]> {
  return [
    ...(await cLibraryFiles(architecture, cache)),
    file("etc/passwd", passwd),
    file("etc/group", group),
    file("etc/nsswitch.conf", "hosts: files dns\n"),
    { kind: "folder", path: "etc/godwit", isWritableByAll: false },
    { kind: "folder", path: "tmp", isWritableByAll: true },
  ];
}

async function packageFiles(
  root: string,
  packages: readonly LockedPackage[],
): Promise<readonly Entry[]> {
  const files: Entry[] = [];
  for (const { path } of sharedPackages(packages)) {
    // Those installed within a package are packages of their own.
    const names = await filesBelow(join(root, path), (name) => !name.startsWith("node_modules/"));
    const kept = names.filter((name) => !superfluous.test(name));
    files.push(
      ...(await readAll(
        root,
        kept.map((name) => `${path}/${name}`),
      )),
    );
  }
  return files;
}

/** What runs, and what it reads at its start; no tests. */
async function ownFiles(root: string): Promise<readonly Entry[]> {
  const isRun = (name: string) => !/\.test\.ts$|\.mjs$|\.md$/.test(name);
  const services = await filesBelow(join(root, "services"), isRun);
  const proto = await filesBelow(join(root, "proto"), isRun);
  return readAll(root, [
    ...services.map((name) => `services/${name}`),
    ...proto.map((name) => `proto/${name}`),
    "package.json",
    "tsconfig.json",
    "LICENSE",
  ]);
}

async function filesBelow(folder: string, wants: (name: string) => boolean): Promise<string[]> {
  const names: string[] = [];
  for await (const name of new Bun.Glob("**/*").scan({ cwd: folder, dot: true })) {
    if (wants(name)) names.push(name);
  }
  return names.sort();
}

function readAll(root: string, paths: readonly string[]): Promise<Entry[]> {
  return Promise.all(
    paths.map(async (path) =>
      file(`${applicationFolder}/${path}`, await Bun.file(join(root, path)).bytes()),
    ),
  );
}
