#!/usr/bin/env bun
/**
 * Builds Godwit's image without a daemon: an OCI layout in one tar archive, the same byte for byte
 * for the same clone.
 */
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type BuildArguments, buildArguments, usage } from "./arguments.ts";
import { billOf, layersOf, type Source, sourceOf } from "./contents.ts";
import { writeTree } from "./file-tree.ts";
import { godwitImage } from "./godwit-image.ts";
import { architectureOf } from "./layout.ts";
import { trialStart } from "./trial-start.ts";

const own = architectureOf(process.arch);
const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");

try {
  const options = asked();
  const root = join(import.meta.dir, "..", "..");
  const source = await sourceOf({ root, cache: join(caches, "godwit", "image") });
  const { rootfs } = options;
  if (rootfs === undefined) await buildArchive(options, source);
  else
    await writeTree(
      rootfs,
      (await layersOf(own, source)).flatMap(({ entries }) => entries),
    );
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

function asked(): BuildArguments {
  try {
    return buildArguments(process.argv.slice(2), own);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
}

async function buildArchive(options: BuildArguments, source: Source): Promise<void> {
  const { output } = options;
  const { archive, digest, reference, platforms, sizes } = await godwitImage(options, source);
  await writeFile(output, archive);
  tell(`${output}: ${reference} ${digest}`);
  for (const { architecture, layers } of platforms) {
    const bill = `${output.replace(/\.tar$/, "")}-${architecture}.cdx.json`;
    await writeFile(bill, billOf(architecture, source));
    const entries = layers.flatMap((layer) => layer.entries);
    const onDisk = entries.reduce((sum, e) => sum + (e.kind === "file" ? e.bytes.length : 0), 0);
    const sent = mega(sizes.get(architecture) ?? 0);
    tell(`  ${architecture}: ${sent} to fetch, ${mega(onDisk)} on disk; made of: ${bill}`);
    if (architecture !== own) continue;
    const { exitCode, said, durationMs } = await trialStart(entries, own, ["--version"]);
    if (exitCode !== 0) throw new Error(`Cannot start what was built: ${said}`);
    tell(`  ${architecture}: says its version ${durationMs} ms after its start`);
  }
}

function mega(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
