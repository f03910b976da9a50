/** Ports that a cluster has again when it is started again in the same folder. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { freePort } from "../../test/peers/peer.ts";

const written = z.record(z.string(), z.number());

/** By name; names that are new get ports that are free just now. */
export async function keptPorts(
  folder: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const file = join(folder, "ports.json");
  const known = (await Bun.file(file).exists())
    ? written.parse(JSON.parse(await readFile(file, "utf8")))
    : {};
  const ports = new Map(Object.entries(known));
  for (const name of names) if (!ports.has(name)) ports.set(name, await freePort());
  await writeFile(file, `${JSON.stringify(Object.fromEntries(ports), undefined, 2)}\n`);
  return ports;
}
