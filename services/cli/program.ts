/** The `godwit` command: its arguments in, its exit code out. */
import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { addBounceCommands } from "./bounces/bounce-commands.ts";
import { addConfigCommands } from "./config-commands.ts";
import { CommandFailed, type Io } from "./io.ts";
import { addClusterCommand } from "./operator/cluster-command.ts";
import { addEventsCommand } from "./operator/events-command.ts";
import { addExplainCommand } from "./operator/explain/explain-command.ts";
import { addMeasureCommands } from "./operator/measure-commands.ts";
import { addQueueCommands } from "./operator/queue-commands.ts";
import { addSuppressionCommands } from "./operator/suppression/suppression-commands.ts";
import { addTraceCommand } from "./operator/trace-command.ts";
import { addRoleCommands } from "./role-commands.ts";
import type { Roles } from "./roles.ts";
import { addSchemaCommand } from "./schema-command.ts";
import { addShapingCommands } from "./shaping/shaping-commands.ts";
import { addUserCommands } from "./user-commands.ts";

const examples = `
Examples:
  godwit config example > godwit.yaml       a configuration to begin with
  godwit config check                       what is wrong with it
  godwit user hash                          the hash of a password, for users
  godwit token make                         a token for who submits by HTTP, and its hash
  godwit shaping show example.com           the limits for a domain, and where each is said
  godwit standalone                         run on one machine
  godwit schema apply                       make a cluster's streams and tables; then run
                                            godwit control, godwit delivery, godwit edge
  godwit cluster status                     workers, shards, and who waits for what
  godwit queue summary                      which destinations mail waits for
  godwit explain example.com                why it waits there, and until when
  godwit queue retry example.com            try now
  godwit bounces count --since 2026-11-25   what could not be delivered, by day and class
  godwit trace 01JDF8Z5T0ABCDEFGHJKMNPQRS   what became of a message
  godwit events follow --kind bounce        what bounces, as it happens
  godwit suppression add joe@example.com    send nothing more to this address

Exit codes: 0 done, 1 failed, 2 asked wrongly or a faulty configuration.`;

/** Runs one command and tells what went wrong. Resolves to the exit code: 0, 1 or 2. */
export async function runGodwit(args: readonly string[], io: Io, roles: Roles): Promise<number> {
  let exitCode = 0;
  const ended = (code: number) => {
    exitCode = code;
  };
  const program = godwit(io);
  addRoleCommands(program, { io, roles, ended });
  addSchemaCommand(program, io, roles);
  addConfigCommands(program, io);
  addQueueCommands(program, io);
  addExplainCommand(program, io);
  const shaping = program.command("shaping").description("limits, and what rules on replies set");
  addShapingCommands(shaping, io);
  addMeasureCommands(shaping, io);
  addTraceCommand(program, io);
  addSuppressionCommands(program, io);
  addBounceCommands(program, io);
  addClusterCommand(program, io);
  addEventsCommand(program, io, roles);
  addUserCommands(program, io);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    return told(io, error);
  }
}

function godwit(io: Io): Command {
  return new Command("godwit")
    .description(manifest.description)
    .version(manifest.version, "-V, --version", "print the version")
    .addHelpText("after", examples)
    .exitOverride()
    .showHelpAfterError("(--help tells more)")
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) });
}

function told(io: Io, error: unknown): number {
  // Commander has told it already; what it calls 1 is a wrong question.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandFailed) {
    if (error.message !== "") io.err(`${error.message}\n`);
    return error.exitCode;
  }
  io.err(`${reasons(error).join(": ")}\n`);
  return 1;
}

/** An error and its causes, each in a few words. */
function reasons(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  return [error.message, ...(error.cause === undefined ? [] : reasons(error.cause))];
}
