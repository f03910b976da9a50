/** Which control API a command asks: what its options name, or else what the configuration says. */
import type { Command } from "commander";
import type { Config, ControlConfig } from "#lib/config/config";
import { configured } from "../configuration.ts";
import { CommandFailed, type Io } from "../io.ts";
import { ControlClient } from "./control-client.ts";

export interface ControlOptions {
  readonly config?: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

/** The options that all commands share which ask a running Godwit. */
export function withControlOptions(command: Command): Command {
  return command
    .option("-c, --config <file>", "the configuration Godwit runs with (default: godwit.yaml)")
    .option("--url <url>", "ask this control API instead of the configured one")
    .option("--token-file <file>", "show the token of this file instead of the configured one")
    .option("--json", "print JSON");
}

export interface Asked {
  readonly client: ControlClient;
  /** Undefined when the options said everything, and no file was needed. */
  readonly config: Config | undefined;
}

/** @throws {CommandFailed} when the configuration has faults */
export function controlOf(io: Io, options: ControlOptions): Asked {
  const { url, tokenFile } = options;
  if (url !== undefined) checkUrl(url);
  // An operator's shell need not have the secrets that the whole file names.
  if (url !== undefined && tokenFile !== undefined) {
    return { client: new ControlClient({ url, tokenFile }, io), config: undefined };
  }
  const { config } = configured(io, options.config);
  const target = {
    url: url ?? urlOf(config.control),
    tokenFile: tokenFile ?? config.control.tokenFile,
    token: tokenFile === undefined ? config.control.token : undefined,
  };
  return { client: new ControlClient(target, io), config };
}

function checkUrl(url: string): void {
  const protocol = URL.parse(url)?.protocol;
  if (protocol === "http:" || protocol === "https:") return;
  throw new CommandFailed(`--url: "${url}" is no URL such as http://127.0.0.1:8025`, 2);
}

function urlOf(control: ControlConfig): string {
  if (control.port !== 0) return `http://${reachable(control)}:${control.port}`;
  const hint = "give its address: --url http://127.0.0.1:<port>";
  throw new CommandFailed(`The control API has no fixed port (control.port: 0); ${hint}`, 2);
}

/** Who listens on all addresses is asked on loopback. */
function reachable({ address }: ControlConfig): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  if (address === "::") return "[::1]";
  return address.includes(":") ? `[${address}]` : address;
}
