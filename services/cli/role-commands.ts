/** `godwit standalone`, `edge`, `delivery` and `control`: the processes themselves. */
import type { Command } from "commander";
import type { RoleName } from "#lib/config/role";
import { configured, readConfiguration } from "./configuration.ts";
import type { Io } from "./io.ts";
import { RecordedFiles } from "./recorded-files.ts";
import type { Roles, Started } from "./roles.ts";

interface RoleOptions {
  readonly config?: string;
  readonly watch?: boolean;
}

const descriptions: Readonly<Record<RoleName, string>> = {
  standalone: "run all of Godwit on this machine, until SIGTERM or SIGINT",
  edge: "take mail by SMTP and hand it to NATS",
  delivery: "deliver the mail of some shards; as many of these as wanted",
  control: "answer operators for the whole cluster",
};

/** `ended` hears the exit code when the role has stopped. */
export function addRoleCommands(
  program: Command,
  { io, roles, ended }: { io: Io; roles: Roles; ended: (exitCode: number) => void },
): void {
  for (const role of ["standalone", "edge", "delivery", "control"] as const) {
    program
      .command(role)
      .description(descriptions[role])
      .option("-c, --config <file>", "the configuration (default: godwit.yaml, or none)")
      .option("--watch", "reload, as by SIGHUP, when it or a file that it names has changed")
      .action(async (options: RoleOptions) => {
        ended(await roles[role](startedFrom(io, options, role)));
      });
  }
}

/** @throws {CommandFailed} with every fault of the configuration */
function startedFrom(io: Io, options: RoleOptions, role: RoleName): Started {
  const files = new RecordedFiles(io);
  const { config, warnings, fileName } = configured(files.io, options.config, role);
  return {
    config,
    warnings,
    configFile: fileName,
    // By its name: a file that is gone by then is a fault, not the wish to go on with defaults.
    reload: async () => readConfiguration(files.io, fileName, role),
    ...(options.watch ? { fingerprint: () => files.fingerprint() } : {}),
  };
}
