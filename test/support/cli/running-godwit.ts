/**
 * `godwit standalone` in a process of its own, with ports of its own; what it logs can be waited
 * for.
 */
import type { Endpoint } from "#lib/net/transport";
import type { Ran } from "../process/ran.ts";
import { command, ranGodwit } from "./godwit-process.ts";

export type LogLine = Readonly<Record<string, unknown>>;

/** The last line of what it tells at its start. */
const startedMark = "Ctrl-C stops.";

export class RunningGodwit {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #folder: string;
  readonly #lines: LogLine[] = [];
  #told = "";
  #isOver = false;
  #changed: (() => void)[] = [];

  /** `folder` has `godwit.yaml`, whose ports are 0. */
  static async start(folder: string): Promise<RunningGodwit> {
    const godwit = new RunningGodwit(folder);
    await godwit.#until(() => godwit.#told.includes(startedMark));
    return godwit;
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.#child = Bun.spawn([...command, "standalone"], {
      cwd: folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const ended = Promise.all([this.#readLog(), this.#readTold(), this.#child.exited]);
    void ended.finally(() => {
      this.#isOver = true;
      this.#tell();
    });
  }

  /** Where a listener, or `control`, listens. */
  at(name: string): Endpoint {
    const [, address = "", port] =
      new RegExp(`^ +${name} +([0-9.]+):(\\d+) `, "m").exec(this.#told) ?? [];
    if (port === undefined) throw new Error(`nothing listens as ${name}:\n${this.#told}`);
    return { address, port: Number(port) };
  }

  /** Runs a command that asks this one. */
  operate(...args: string[]): Promise<Ran> {
    const { address, port } = this.at("control");
    return ranGodwit([...args, "--url", `http://${address}:${port}`], { cwd: this.#folder });
  }

  /** Resolves when so many lines of the log are such. */
  logged(isMeant: (line: LogLine) => boolean, count = 1): Promise<void> {
    return this.#until(() => this.#lines.filter(isMeant).length >= count);
  }

  /** Lets it read its configuration again; what it logs says when it has. */
  hangUp(): void {
    this.#child.kill("SIGHUP");
  }

  /** Resolves to the exit code. */
  stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number> {
    this.#child.kill(signal);
    return this.#child.exited;
  }

  async #until(isReached: () => boolean): Promise<void> {
    while (!isReached()) {
      if (this.#isOver) throw new Error(`Godwit has ended:\n${this.#told}`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  async #readLog(): Promise<void> {
    let rest = "";
    for await (const text of textOf(this.#child.stdout)) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      // What is no line of the log has no business on stdout, and fails here.
      for (const line of lines) this.#lines.push(JSON.parse(line));
      this.#tell();
    }
  }

  async #readTold(): Promise<void> {
    for await (const text of textOf(this.#child.stderr)) {
      this.#told += text;
      this.#tell();
    }
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

async function* textOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) yield decoder.decode(chunk, { stream: true });
}
