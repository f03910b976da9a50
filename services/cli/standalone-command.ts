/** `godwit standalone`, and the roles that this version does not have. */
import type { Command } from "commander";
import { configured, readConfiguration } from "./configuration.ts";
import { CommandFailed, type Io } from "./io.ts";
import type { Roles, Started } from "./roles.ts";

/** They need the seams' inhabitants of the cluster (NATS, Cassandra). */
const clusterCommands = ["edge", "delivery", "control", "schema"];

interface StandaloneOptions {
  readonly config?: string;
}

/** `ended` hears the exit code when the role has stopped. */
export function addRoleCommands(
  program: Command,
  { io, roles, ended }: { io: Io; roles: Roles; ended: (exitCode: number) => void },
): void {
  program
    .command("standalone")
    .description("run all of Godwit on this machine, until SIGTERM or SIGINT")
    .option("-c, --config <file>", "the configuration (default: godwit.yaml, or none)")
    .action(async (options: StandaloneOptions) => {
      ended(await roles.standalone(startedFrom(io, options.config)));
    });
  for (const name of clusterCommands) {
    program
      .command(name, { hidden: true })
      .argument("[rest...]")
      .allowUnknownOption()
      .action(() => {
        const instead = "this version runs on one machine: godwit standalone";
        throw new CommandFailed(`"godwit ${name}" comes with the cluster release; ${instead}`, 2);
      });
  }
}

/** @throws {CommandFailed} with every fault of the configuration */
function startedFrom(io: Io, file: string | undefined): Started {
  const { config, warnings, fileName } = configured(io, file);
  return {
    config,
    warnings,
    configFile: fileName,
    // By its name: a file that is gone by then is a fault, not the wish to go on with defaults.
    reload: async () => readConfiguration(io, fileName),
  };
}
