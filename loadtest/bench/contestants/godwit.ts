/** Godwit on one machine, started as a user starts it, with a queue that begins empty. */
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readdir, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import manifest from "../../../package.json" with { type: "json" };
import { freePort } from "../../../test/peers/peer.ts";
import { slack } from "../trend.ts";
import {
  type Contestant,
  type Destinations,
  domains,
  type Roles,
  type Running,
  type Stored,
  warmUp,
} from "./contestant.ts";

const program = join(import.meta.dir, "../../../services/cli/main.ts");
const sessionsMax = 20_000;
const readyMaxMs = 60_000;
const stopMaxMs = 60_000;
const pollMs = 5;
const mib = 2 ** 20;
/** The log of writes is folded into the queue's file when it has 32 MiB. */
const walSlackMib = 40;

export const godwit = contestant("godwit", "");
/** The edge in a thread of its own, and in that of all the rest, whatever is the default (ADR 0020). */
export const edgeThread = contestant("edge-thread", "edgeThreads: 1\n");
export const oneThread = contestant("one-thread", "edgeThreads: 0\n");

/** `yaml`: more of `godwit.yaml`. */
export function contestant(name: string, yaml: string): Contestant {
  return {
    name,
    durability: "synced",
    idleMax: sessionsMax,
    share: 1,
    warmUpMessages: warmUp.compiledLate,
    missing: async () => undefined,
    version: async () => manifest.version,
    // Without a certificate it makes one.
    async start(destinations) {
      const directory = await mkdtemp(join(tmpdir(), "godwit-bench-"));
      const [port, controlPort] = [await freePort(), await freePort()];
      const text = configText({ destinations, directory, port, controlPort });
      await Bun.write(join(directory, "godwit.yaml"), text + yaml);
      return await GodwitProcess.start({ directory, port, controlPort });
    },
  };
}

interface Place {
  readonly directory: string;
  readonly port: number;
  readonly controlPort: number;
}

class GodwitProcess implements Running {
  readonly endpoint: Running["endpoint"];
  readonly #place: Place;
  #child: Bun.Subprocess | undefined;

  static async start(place: Place): Promise<GodwitProcess> {
    const started = new GodwitProcess(place);
    try {
      await started.#launch();
      return started;
    } catch (error) {
      await started.stop();
      throw error;
    }
  }

  private constructor(place: Place) {
    this.#place = place;
    this.endpoint = { address: "127.0.0.1", port: place.port };
  }

  roles(): Roles {
    return this.#child === undefined ? {} : { standalone: [this.#child.pid] };
  }

  log(): Promise<string> {
    return Bun.file(join(this.#place.directory, "log")).text();
  }

  async stored(): Promise<readonly Stored[]> {
    const data = join(this.#place.directory, "data");
    const size = async (name: string) => (await sizeBytesOf(join(data, name))) / mib;
    const memory = { unit: "MiB", slack: slack.memoryMib } as const;
    const wal = await size("queue/queue.sqlite-wal");
    return [
      { ...memory, name: "WAL", slack: walSlackMib, value: wal },
      // The journal in it, and what bounced.
      { ...memory, name: "queue", value: await size("queue/queue.sqlite"), kept: "72 h or 1 GiB" },
      { ...memory, name: "events", value: await size("events"), kept: "7 d or 4 GiB" },
    ];
  }

  /** It is written to its end, wherever that is. */
  async emptyLog(): Promise<void> {
    await truncate(join(this.#place.directory, "log"));
  }

  async restart(signal: "SIGTERM" | "SIGKILL"): Promise<number> {
    await this.#end(signal);
    const startedAt = systemClock.monotonic();
    await this.#launch();
    return systemClock.monotonic() - startedAt;
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    await rm(this.#place.directory, { recursive: true, force: true });
  }

  async #launch(): Promise<void> {
    const { directory, controlPort } = this.#place;
    const output = openSync(join(directory, "log"), "a");
    const config = join(directory, "godwit.yaml");
    const child = Bun.spawn([process.execPath, program, "standalone", "--config", config], {
      cwd: directory,
      env: { ...process.env, ...startEnvironment() },
      stdin: "ignore",
      stdout: output,
      stderr: output,
    });
    closeSync(output);
    this.#child = child;
    const deadline = systemClock.monotonic() + readyMaxMs;
    while (!(await isReady(controlPort))) {
      if (child.exitCode !== null || systemClock.monotonic() > deadline) {
        throw new Error(`Cannot start Godwit: ${(await this.log()).slice(-2_000)}`);
      }
      await systemClock.sleep(pollMs);
    }
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.kill(signal);
    const cancel = systemClock.after(stopMaxMs, () => child.kill("SIGKILL"));
    await child.exited;
    cancel();
  }
}

/** Of a file, or of all in a folder; what is not there has none. */
async function sizeBytesOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return found.size;
    const names = await readdir(path);
    const sizes = await Promise.all(names.map((name) => sizeBytesOf(join(path, name))));
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    // It was removed meanwhile, or is not there yet.
    return 0;
  }
}

async function isReady(controlPort: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${controlPort}/readyz`)).ok;
  } catch {
    // It does not listen yet.
    return false;
  }
}

function configText(options: Place & { readonly destinations: Destinations }): string {
  const { directory, port, controlPort, destinations } = options;
  const { up, down } = destinations;
  return `hostname: godwit.example
data: ${join(directory, "data")}
listeners:
  - name: submission
    address: 127.0.0.1
    port: ${port}
    kind: submission
    trustedNetworks: [127.0.0.0/8]
limits: { sessionsMax: ${sessionsMax}, sessionsPerAddressMax: ${sessionsMax} }
routes:
  - { domain: "${domains.down}", nextHop: "smtp://${down.address}:${down.port}" }
  - { domain: "*.${domains.down}", nextHop: "smtp://${down.address}:${down.port}" }
  - { domain: "*", nextHop: "smtp://${up.address}:${up.port}" }
control: { address: 127.0.0.1, port: ${controlPort} }
`;
}

/** The runtime's options that `npm start` sets (ADR 0004). */
function startEnvironment(): Record<string, string> {
  const options = manifest.scripts.start.matchAll(/\b(BUN_JSC_\w+)=(\S+)/g);
  return Object.fromEntries([...options].map(([, name = "", value = ""]) => [name, value]));
}
