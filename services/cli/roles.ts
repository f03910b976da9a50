/** What the command starts, as `main.ts` wires it. */
import type { Config } from "#lib/config/config";
import type { RoleName, Server } from "#lib/config/role";
import type { ServerReport } from "#lib/role/cluster/schema";
import type { EventKind } from "#proto/event-record";
import type { Configured, Misconfigured } from "./configuration.ts";

export interface Started {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Undefined: there is none, and all is default. */
  readonly configFile: string | undefined;
  /** Reads the configuration again. @throws {CommandFailed} when its file is gone */
  readonly reload: () => Promise<Configured | Misconfigured>;
  /** Of all files that it was read from: it is to be reloaded when they change. */
  readonly fingerprint?: () => string;
}

export interface SchemaOptions {
  /** Changes nothing, and tells what would be. */
  readonly isCheck: boolean;
  /** A check waits until somebody else has made what is missing. */
  readonly waits: boolean;
  readonly servers: readonly Server[];
  /** Makes the users of Cassandra, too. */
  readonly rolesPassword?: string;
  readonly told: (line: string) => void;
}

export interface EventsOptions {
  /** Empty: all. More may come. */
  readonly kinds: readonly EventKind[];
  /** All that is kept, or only what comes from now on. */
  readonly from: "start" | "end";
  readonly told: (line: string) => void;
}

export interface Roles extends Readonly<Record<RoleName, (started: Started) => Promise<number>>> {
  /** Makes or checks what the cluster stands on. Rejects when a server cannot be reached. */
  schema(config: Config, options: SchemaOptions): Promise<readonly ServerReport[]>;
  /** Lines of JSON, as they come; it ends when nobody reads them any more. */
  events(config: Config, options: EventsOptions): AsyncIterable<string>;
}
