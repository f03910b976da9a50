/** Finds and loads the configuration a command works with. */
import type { Config } from "#lib/config/config";
import { type Fault, faultLine } from "#lib/config/fault";
import { loadConfig } from "#lib/config/load";
import type { RoleName } from "#lib/config/role";
import { CommandFailed, type Io } from "./io.ts";
import { printable } from "./table.ts";

export const defaultFileName = "godwit.yaml";

/** What a configuration is read with. */
export type ConfigurationIo = Pick<Io, "readFile" | "environment" | "osHostname">;

export interface Configured {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Where it came from; undefined: there is no file, and all is default. */
  readonly fileName: string | undefined;
}

/** What is wrong with a file. */
export interface Misconfigured {
  readonly faults: readonly Fault[];
  readonly fileName: string;
}

/**
 * The named file, or `./godwit.yaml` when there is one; and whether it suffices for `role`.
 * @throws {CommandFailed} when the named one cannot be read
 */
export function readConfiguration(
  io: ConfigurationIo,
  fileName: string | undefined,
  role?: RoleName,
): Configured | Misconfigured {
  const text = textOf(io, fileName);
  const source = fileName ?? (text === undefined ? undefined : defaultFileName);
  const loaded = loadConfig(text ?? "", {
    fileName: source ?? defaultFileName,
    readFile: (path) => io.readFile(path),
    environment: io.environment,
    osHostname: io.osHostname,
    role,
  });
  if ("config" in loaded) return { ...loaded, fileName: source };
  return { ...loaded, fileName: source ?? defaultFileName };
}

/** The same for who cannot go on without. @throws {CommandFailed} with every fault */
export function configured(
  io: ConfigurationIo,
  fileName: string | undefined,
  role?: RoleName,
): Configured {
  const read = readConfiguration(io, fileName, role);
  if ("config" in read) return read;
  throw new CommandFailed(faultText(read), 2);
}

/** Every fault on a line of its own, and how many there are. */
export function faultText({ faults, fileName }: Misconfigured): string {
  const lines = faults.map((fault) => printable(faultLine(fileName, fault)));
  const count = lines.length === 1 ? "1 fault" : `${lines.length} faults`;
  return `${lines.join("\n")}\n${count} in the configuration`;
}

/** Undefined when none was named and there is none. */
function textOf(io: ConfigurationIo, fileName: string | undefined): string | undefined {
  try {
    return io.readFile(fileName ?? defaultFileName);
  } catch (error) {
    if (fileName === undefined && codeOf(error) === "ENOENT") return undefined;
    const name = fileName ?? defaultFileName;
    throw new CommandFailed(`Cannot read "${name}": ${whyUnreadable(error)}`, 2);
  }
}

/** In words, of what the system says of a file. */
export function whyUnreadable(error: unknown): string {
  switch (codeOf(error)) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "it is a folder";
    case "EACCES":
      return "this user may not read it";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
