/** What the command starts, as `main.ts` wires it. */
import type { Config } from "#lib/config/config";
import type { Configured, Misconfigured } from "./configuration.ts";

export interface Started {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Undefined: there is none, and all is default. */
  readonly configFile: string | undefined;
  /** Reads the configuration again. @throws {CommandFailed} when its file is gone */
  readonly reload: () => Promise<Configured | Misconfigured>;
}

export interface Roles {
  /** Runs until it is told to stop; resolves to the exit code. */
  standalone(started: Started): Promise<number>;
}
