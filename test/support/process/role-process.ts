/** A role of a cluster as a process in a folder of its own, with ports of its own. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { RoleName } from "#lib/config/role";
import type { Endpoint } from "#lib/net/transport";
import { command as ownCommand, ranGodwit } from "../cli/godwit-process.ts";
import { type LogLine, LogLines } from "./log-lines.ts";
import type { Ran } from "./ran.ts";

export interface RoleSettings {
  readonly role: RoleName;
  readonly folder: string;
  /** `godwit.yaml`. */
  readonly yaml: string;
  /** Another `godwit` than that of this clone. */
  readonly command?: readonly string[];
}

const readiness = z.object({
  ready: z.boolean(),
  reasons: z.array(z.object({ part: z.string(), reason: z.string(), isBlocking: z.boolean() })),
});

export type Readyz = z.output<typeof readiness> & { readonly status: number };

type Child = Bun.Subprocess<"ignore", "pipe", "pipe">;

export class RoleProcess implements AsyncDisposable {
  readonly log = new LogLines();
  readonly #folder: string;
  readonly #child: Child;
  readonly #places = new Map<string, Endpoint>();
  readonly #troubles = new Map<string, string>();
  readonly #read: Promise<string>;
  /** Its first words: the control API answers from then on. */
  readonly #controlled: Promise<unknown>;
  /** Its servers are there, and it works. Rejects when it ends before. */
  readonly started: Promise<unknown>;

  /** Resolves when its control API answers; its servers may be away. */
  static async launch(settings: RoleSettings): Promise<RoleProcess> {
    await mkdir(settings.folder, { recursive: true });
    await writeFile(join(settings.folder, "godwit.yaml"), settings.yaml);
    const launched = new RoleProcess(settings);
    await launched.#controlled;
    return launched;
  }

  private constructor({ role, folder, command = ownCommand }: RoleSettings) {
    this.#folder = folder;
    this.log.each((line) => this.#note(line));
    this.started = this.log.next(({ event }) => event === "started");
    this.#controlled = this.log.next(({ event, name }) => {
      return event === "listening" && name === "control";
    });
    this.started.catch(() => {});
    this.#child = Bun.spawn([...command, role], {
      cwd: folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#read = this.#readAll();
  }

  at(name: string): Endpoint {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`nothing listens as ${name}`);
    return place;
  }

  /** Resolves with the reason when the part is in such trouble, or was. */
  async trouble(part: string, reason: RegExp): Promise<string> {
    const told = this.#troubles.get(part);
    if (told !== undefined && reason.test(told)) return told;
    const line = await this.log.next((it) => it.part === part && reason.test(String(it.reason)));
    return String(line.reason);
  }

  async readyz(): Promise<Readyz> {
    const { address, port } = this.at("control");
    const response = await fetch(`http://${address}:${port}/readyz`);
    return { status: response.status, ...readiness.parse(await response.json()) };
  }

  /** Runs a command that asks this node. */
  operate(...args: string[]): Promise<Ran> {
    const { address, port } = this.at("control");
    return ranGodwit([...args, "--url", `http://${address}:${port}`], { cwd: this.#folder });
  }

  /** Resolves to the exit code, and what it told a person. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<{ code: number; told: string }> {
    this.#child.kill(signal);
    return await this.ended();
  }

  async ended(): Promise<{ code: number; told: string }> {
    const code = await this.#child.exited;
    return { code, told: await this.#read };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }

  #note(line: LogLine): void {
    const { event, name, address, port, part, reason } = line;
    if (event === "listening") {
      this.#places.set(String(name), { address: String(address), port: Number(port) });
    }
    if (event === "part_troubled") this.#troubles.set(String(part), String(reason));
  }

  async #readAll(): Promise<string> {
    const [told] = await Promise.all([
      this.#child.stderr.text(),
      this.log.read(this.#child.stdout),
    ]);
    this.log.ended(told);
    return told;
  }
}
