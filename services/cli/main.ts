#!/usr/bin/env bun
/** The `godwit` command on a real machine. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { systemClock } from "#lib/clock";
import type { Io } from "./io.ts";
import { runGodwit } from "./program.ts";
import type { Roles } from "./roles.ts";
import { readAll, typedLine } from "./terminal.ts";

const { stdin, stdout, stderr } = process;
/** Servers that were started at the same time are there by then. */
const schemaMsMax = 300_000;

// Who reads only the first lines, as `head` does, has what they wanted; a daemon outlives its
// reader.
const unread = new AbortController();
for (const stream of [stdout, stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    unread.abort();
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
// Each is loaded only when it is wanted: the other commands start without a database.
const roles: Roles = {
  async standalone({ config, ...options }) {
    const { runStandalone } = await import("../standalone/main.ts");
    hasServed = true;
    return runStandalone(config, options);
  },
  async edge({ config, ...options }) {
    const { runEdge } = await import("../edge/main.ts");
    const { ControlServer } = await import("../control/server.ts");
    hasServed = true;
    return runEdge(config, { ...options, openControl: ControlServer.open });
  },
  async delivery({ config, ...options }) {
    const { runDelivery } = await import("../delivery/main.ts");
    const { ControlServer } = await import("../control/server.ts");
    hasServed = true;
    return runDelivery(config, { ...options, openControl: ControlServer.open });
  },
  async control({ config, ...options }) {
    const { runControl } = await import("../control/main.ts");
    hasServed = true;
    return runControl(config, options);
  },
  async schema(config, options) {
    const { settleSchema } = await import("#lib/role/cluster/schema");
    const signal = AbortSignal.timeout(schemaMsMax);
    hasServed = true;
    return settleSchema(config, { ...options, signal, clock: systemClock });
  },
  async *events(config, options) {
    const { readEvents } = await import("#lib/role/event-reading");
    hasServed = true;
    yield* readEvents(config, { ...options, signal: unread.signal, clock: systemClock });
  },
};

process.exitCode = await runGodwit(process.argv.slice(2), io, roles);
// A timer that outlives its owner must not hold up the end of a daemon.
if (hasServed) process.exit();
