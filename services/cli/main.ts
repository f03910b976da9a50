#!/usr/bin/env bun
/** The `godwit` command on a real machine. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Io } from "./io.ts";
import { runGodwit } from "./program.ts";
import type { Roles } from "./roles.ts";
import { readAll, typedLine } from "./terminal.ts";

const { stdin, stdout, stderr } = process;

// Who reads only the first lines, as `head` does, has what they wanted; a daemon outlives its
// reader.
for (const stream of [stdout, stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

const io: Io = {
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
  readFile: (path) => readFileSync(path, "utf8"),
  async readPassword(prompt) {
    if (!stdin.isTTY) return readAll(stdin);
    const typed = typedLine(stdin, () => stderr.write(prompt));
    return typed.finally(() => stderr.write("\n"));
  },
  isInteractive: stdin.isTTY === true,
  fetch: (request) => fetch(request),
  now: () => Date.now(),
  environment: process.env,
  osHostname: hostname(),
};

let hasServed = false;
const roles: Roles = {
  // Loaded only when it is wanted: the other commands start without a database.
  async standalone({ config, ...options }) {
    const { runStandalone } = await import("../standalone/main.ts");
    hasServed = true;
    return runStandalone(config, options);
  },
};

process.exitCode = await runGodwit(process.argv.slice(2), io, roles);
// A timer that outlives its owner must not hold up the end of a daemon.
if (hasServed) process.exit();
