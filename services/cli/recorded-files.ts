/** Which files a configuration was read from, and whether they are still the same. */
import { createHash } from "node:crypto";
import type { ConfigurationIo } from "./configuration.ts";

export class RecordedFiles {
  /** Reads as the given one does, and remembers what. */
  readonly io: ConfigurationIo;
  readonly #io: ConfigurationIo;
  readonly #paths = new Set<string>();

  constructor(io: ConfigurationIo) {
    this.#io = io;
    const { environment, osHostname } = io;
    this.io = {
      environment,
      osHostname,
      readFile: (path) => {
        this.#paths.add(path);
        return io.readFile(path);
      },
    };
  }

  /** Of all of them together; that one cannot be read is part of it. */
  fingerprint(): string {
    const hash = createHash("sha256");
    for (const path of this.#paths) hash.update(`${path}\0${this.#contentOf(path)}\0`);
    return hash.digest("hex");
  }

  #contentOf(path: string): string {
    try {
      return this.#io.readFile(path);
    } catch (error) {
      return `unreadable: ${error instanceof Error ? error.message : error}`;
    }
  }
}
