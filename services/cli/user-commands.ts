/** `godwit user hash`, `godwit token make`: what the configuration may keep of a secret. */
import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { hashOfToken } from "../edge/http/tokens.ts";
import { CommandFailed, type Io } from "./io.ts";

/** What OWASP asks for, and more: some 50 ms and 64 MiB for each guess. */
const argon2id = { algorithm: "argon2id", memoryCost: 65_536, timeCost: 2 } as const;
/** As much as fits into AUTH beside a name (RFC 4954 §4). */
const passwordLengthMax = 4_096;
const visible =
  "A password is no argument: others see those, and the shell remembers them. Type it, or pipe it in";

/** 256 bits of chance: nobody guesses them, so one quick hash hides them. */
const tokenBytes = 32;
/** By it those who look for lost secrets know one. */
const tokenPrefix = "gdw_";

export function addUserCommands(program: Command, io: Io): void {
  addTokenCommand(program, io);
  const user = program.command("user").description("those who may submit mail");
  user
    .command("hash")
    .description("argon2id hash of a password: typed, or from standard input; never an argument")
    .allowExcessArguments()
    .action(async (_: object, { args }: Command) => {
      if (args.length > 0) throw new CommandFailed(visible, 2);
      const password = await wantedPassword(io);
      io.out(`${await Bun.password.hash(password, argon2id)}\n`);
      if (!io.isInteractive) return;
      // Without quotes YAML ends the value at its first comma.
      io.err(`In godwit.yaml, in quotes:  users: [{ name: alice, passwordHash: "…" }]\n`);
    });
}

function addTokenCommand(program: Command, io: Io): void {
  const token = program.command("token").description("what applications show that submit by HTTP");
  token
    .command("make")
    .description("a new token, and its hash for the configuration; it is kept nowhere else")
    .option("--json", "as JSON")
    .action(({ json }: { json?: boolean }) => {
      const made = tokenPrefix + randomBytes(tokenBytes).toString("base64url");
      const tokenHash = hashOfToken(made);
      if (json) io.out(`${JSON.stringify({ token: made, tokenHash })}\n`);
      else io.out(`token      ${made}\ntokenHash  ${tokenHash}\n`);
      if (!io.isInteractive) return;
      const example = `{ name: shop, tenant: acme, tokenHash: "…" }`;
      io.err(`Hand the token over; in godwit.yaml:  tokens: [${example}]\n`);
    });
}

/** @throws {CommandFailed} */
async function wantedPassword(io: Io): Promise<string> {
  const password = (await io.readPassword("Password: ")).replace(/\r?\n$/, "");
  const fault = faultOf(password);
  if (fault !== undefined) throw new CommandFailed(`Cannot hash the password: ${fault}`, 2);
  if (io.isInteractive && (await io.readPassword("Once more: ")) !== password) {
    throw new CommandFailed("The two passwords differ: nothing was hashed");
  }
  return password;
}

/** What no mail client could send. */
function faultOf(password: string): string | undefined {
  if (password === "") return "it is empty (type it, or: printf %s 'secret' | godwit user hash)";
  if (/[\r\n]/.test(password)) return "it has more than one line";
  // RFC 4616 §2: NUL separates the parts of a PLAIN message.
  if (password.includes("\0")) return "it has a NUL";
  if (password.length > passwordLengthMax) return `it is longer than ${passwordLengthMax}`;
  return undefined;
}
