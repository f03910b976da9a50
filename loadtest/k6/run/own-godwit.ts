/** A Godwit that is started for one run, with a token for HTTP submission, and its sink. */
import { createHash, randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import type { Endpoint } from "#lib/net/transport";
import { freePorts } from "../../../test/support/servers/loopback.ts";
import { Sink } from "../../sink/sink.ts";
import type { Keep } from "../../sink/tally.ts";

const program = join(import.meta.dir, "../../../services/cli/main.ts");
const address = "127.0.0.1";
const requestsMax = 10_000;
const readyMaxMs = 60_000;
const stopMaxMs = 60_000;
const arriveMaxMs = 60_000;
const pollMs = 20;

interface Places {
  readonly folder: string;
  readonly sink: Endpoint;
  readonly http: number;
  readonly control: number;
  readonly tokens: { readonly submission: string; readonly control: string };
}

export class OwnGodwit implements AsyncDisposable {
  readonly sink: Sink;
  /** What a script is told of it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  #isKept = false;
  readonly #child: Bun.Subprocess;

  /** Rejects with what it said when it does not come up. */
  static async start(keep: Keep): Promise<OwnGodwit> {
    const folder = await mkdtemp(join(tmpdir(), "godwit-k6-"));
    const sink = await Sink.start({ keep });
    const [http = 0, control = 0] = await freePorts([address], 2);
    const tokens = { submission: newToken(), control: newToken() };
    const places = { folder, sink: sink.endpoint, http, control, tokens };
    await Bun.write(join(folder, "godwit.yaml"), configOf(places));
    const started = new OwnGodwit(places, sink);
    try {
      await started.#ready();
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor({ folder, http, control, tokens }: Places, sink: Sink) {
    this.sink = sink;
    this.#folder = folder;
    this.environment = {
      LOAD_TARGET: `http://${address}:${http}`,
      LOAD_TOKEN: tokens.submission,
      LOAD_CONTROL: `http://${address}:${control}`,
      LOAD_CONTROL_TOKEN: tokens.control,
    };
    const output = openSync(this.#log, "a");
    this.#child = Bun.spawn([process.execPath, program, "standalone"], {
      cwd: folder,
      stdin: "ignore",
      stdout: output,
      stderr: output,
      // Ctrl-C ends the load first.
      detached: true,
    });
    closeSync(output);
  }

  /** Resolves when so many copies have come to the sink, or do not come any more. */
  async delivered(copies: number): Promise<void> {
    const arrived = this.sink.until((_, ledger) => ledger.total >= copies);
    await Promise.race([arrived, systemClock.sleep(arriveMaxMs)]);
  }

  /** Its log and queue stay where they are, for whoever must find out what went wrong. */
  keep(): string {
    this.#isKept = true;
    return this.#folder;
  }

  /** In order: what is under way comes to its end. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const cancel = systemClock.after(stopMaxMs, () => this.#child.kill("SIGKILL"));
    await this.#child.exited;
    cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.sink.stop();
    if (!this.#isKept) await rm(this.#folder, { recursive: true, force: true });
  }

  get #log(): string {
    return join(this.#folder, "log");
  }

  async #ready(): Promise<void> {
    const deadline = systemClock.monotonic() + readyMaxMs;
    while (!(await isOk(`${this.environment.LOAD_CONTROL}/readyz`))) {
      if (this.#child.exitCode !== null || systemClock.monotonic() > deadline) {
        const log = await Bun.file(this.#log).text();
        throw new Error(`Cannot start Godwit: ${log.slice(-2_000)}`);
      }
      await systemClock.sleep(pollMs);
    }
  }
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    // It does not listen yet.
    return false;
  }
}

function newToken(): string {
  return `gdw_${randomBytes(32).toString("base64url")}`;
}

function configOf({ folder, sink, http, control, tokens }: Places): string {
  const hash = createHash("sha256").update(tokens.submission).digest("hex");
  return `hostname: godwit.example
data: ${join(folder, "data")}
listeners: [{ name: http, address: ${address}, port: ${http}, kind: http }]
tokens: [{ name: load, tenant: load, tokenHash: "sha256:${hash}" }]
limits: { requestsMax: ${requestsMax}, requestsPerTokenMax: ${requestsMax} }
routes: [{ domain: "*", nextHop: "smtp://${sink.address}:${sink.port}" }]
control: { address: ${address}, port: ${control}, token: ${tokens.control} }
`;
}
