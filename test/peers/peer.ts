/** A real server on loopback that runs as long as a test wants it to. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { bunTransport } from "#lib/net/bun-transport";
import type { Endpoint } from "#lib/net/transport";
import { freePorts } from "../support/servers/loopback.ts";

export interface Peer {
  readonly endpoint: Endpoint;
  /** Of its first process. */
  readonly pid: number;
  /** Where the mail of a user (a local part) is delivered. It is made if need be. */
  maildir(user: string): Promise<string>;
  /** What the server has logged so far. */
  log(): Promise<string>;
  /** Resolves when the server has logged that; rejects when it does not within 20 s. */
  logged(text: string): Promise<void>;
  stop(): Promise<void>;
}

/** Owner of the mail: nobody, in every Debian. */
export const mailOwner = 65_534;

const startMaxMs = 20_000;
const logMaxMs = 20_000;
const stopMaxMs = 10_000;
const pollMs = 20;

/** A directory that the server's own users may enter. */
export async function peerDirectory(name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `godwit-${name}-`));
  await chmod(directory, 0o755);
  const mail = join(directory, "mail");
  await mkdir(mail);
  await chown(mail, mailOwner, mailOwner);
  return directory;
}

/** A port of loopback that was free just now, and that no outgoing connection is given. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(["127.0.0.1"], 1);
  return port;
}

export interface Launch {
  readonly directory: string;
  readonly port: number;
  readonly command: readonly string[];
  /** The file that the server logs to. */
  readonly logFile: string;
}

/** Resolves when the server takes connections. */
export async function launch({ directory, port, command, logFile }: Launch): Promise<Peer> {
  const endpoint = { address: "127.0.0.1", port };
  const log = async () => {
    const texts = [join(directory, "output"), logFile].map((file) => readFile(file, "utf8"));
    return (await Promise.allSettled(texts))
      .map((it) => (it.status === "fulfilled" ? it.value : ""))
      .join("");
  };
  const output = openSync(join(directory, "output"), "a");
  const [program = "", ...args] = command;
  // A session of its own: a server that signals its process group must not hit ours.
  const child = spawn(program, args, { detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve()).once("error", () => resolve());
  });
  const stop = async () => {
    await end(child, exited);
    await rm(directory, { recursive: true, force: true });
  };
  if (!(await takesConnections(endpoint, child))) {
    const told = await log();
    await stop();
    throw new Error(`Cannot start ${program}: ${told.slice(-2_000)}`);
  }
  return {
    endpoint,
    pid: child.pid ?? 0,
    log,
    logged: (text) => untilLogged(log, text),
    stop,
    maildir: (user) => maildirIn(directory, user),
  };
}

async function untilLogged(log: () => Promise<string>, text: string): Promise<void> {
  const deadline = systemClock.monotonic() + logMaxMs;
  for (;;) {
    const told = await log();
    if (told.includes(text)) return;
    if (systemClock.monotonic() > deadline) {
      throw new Error(`Cannot find "${text}" in the log in time: ${told.slice(-2_000)}`);
    }
    await systemClock.sleep(pollMs);
  }
}

async function maildirIn(directory: string, user: string): Promise<string> {
  const maildir = join(directory, "mail", user);
  for (const part of ["", "tmp", "new", "cur"]) {
    await mkdir(join(maildir, part), { recursive: true });
    await chown(join(maildir, part), mailOwner, mailOwner);
  }
  return maildir;
}

async function takesConnections(endpoint: Endpoint, child: ChildProcess): Promise<boolean> {
  const transport = bunTransport(systemClock);
  const deadline = systemClock.monotonic() + startMaxMs;
  while (systemClock.monotonic() < deadline && isRunning(child)) {
    try {
      const handler = () => ({ data() {}, closed() {} });
      const connection = await transport.connect(endpoint, { timeoutMs: 1_000 }, handler);
      connection.destroy();
      return true;
    } catch {
      // Not yet: servers do not tell when they listen.
      await systemClock.sleep(pollMs);
    }
  }
  return false;
}

/** Only what we started, and gently: a master ends its own children. */
async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (!isRunning(child)) return;
  child.kill("SIGTERM");
  const cancel = systemClock.after(stopMaxMs, () => child.kill("SIGKILL"));
  await exited;
  cancel();
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}
