/** `godwit config …`: what is wrong with a configuration, and one to begin with. */
import { type Command, Option } from "commander";
import type { Config } from "#lib/config/config";
import { type RoleName, roleNames } from "#lib/config/role";
import { clusterExample, exampleConfiguration } from "./config-example.ts";
import {
  type Configured,
  defaultFileName,
  faultText,
  type Misconfigured,
  readConfiguration,
} from "./configuration.ts";
import { CommandFailed, type Io } from "./io.ts";
import { jsonText, table } from "./table.ts";

interface CheckOptions {
  readonly config?: string;
  readonly role?: RoleName;
  readonly json?: boolean;
}

export function addConfigCommands(program: Command, io: Io): void {
  const config = program.command("config").description("the configuration file");
  config
    .command("check")
    .description("every fault at once, with line, column and hint; exit code 2 when there is one")
    .argument("[file]", "the file (default: godwit.yaml)")
    .option("-c, --config <file>", "the same, as the other commands have it")
    .addOption(
      new Option("--role <role>", "and whether it suffices for this one").choices(roleNames),
    )
    .option("--json", "print JSON")
    .action((file: string | undefined, options: CheckOptions) => {
      const read = readConfiguration(io, file ?? options.config, options.role);
      if (options.json) return tellJson(io, read);
      if (!("config" in read)) throw new CommandFailed(faultText(read), 2);
      tell(io, read);
    });
  config
    .command("example")
    .description("a configuration to begin with: all keys, with their defaults")
    .option("--cluster", "for edge, delivery and control")
    .action(({ cluster }: { cluster?: boolean }) =>
      io.out(cluster ? exampleConfiguration + clusterExample : exampleConfiguration),
    );
}

function tell(io: Io, { config, warnings, fileName }: Configured): void {
  io.out(
    fileName === undefined
      ? `There is no ${defaultFileName} here: defaults apply, all on loopback\n`
      : `${fileName}: no faults\n`,
  );
  io.out(table(["LISTENER", "KIND", "AT", "TLS"], config.listeners.map(listenerRow)));
  for (const warning of warnings) io.err(`warning: ${warning}\n`);
}

function listenerRow({ name, kind, address, port, tls }: Config["listeners"][number]): string[] {
  const host = address.includes(":") ? `[${address}]` : address;
  const inClear = kind === "http" ? "none" : "STARTTLS";
  return [name, kind, `${host}:${port}`, tls.implicit ? "implicit" : inClear];
}

/** Its own form of what the text says: the values themselves hold secrets. */
function tellJson(io: Io, read: Configured | Misconfigured): void {
  const isGood = "config" in read;
  const faults = isGood ? [] : read.faults;
  const warnings = isGood ? read.warnings : [];
  io.out(jsonText({ file: read.fileName ?? null, faults, warnings }));
  if (!isGood) throw new CommandFailed("", 2);
}
