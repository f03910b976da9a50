import { beforeEach, describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { Config } from "#lib/config/config";
import { loadConfig } from "#lib/config/load";
import { VirtualClock } from "#lib/virtual-clock";
import { type Role, type RoleSurroundings, runRole } from "./role-process.ts";

let signals: EventEmitter;
let events: string[];
let done: string[];
let reload: RoleSurroundings["reload"];
let clock: VirtualClock;
let fingerprint: (() => string) | undefined;

const source = { fileName: "x.yaml", osHostname: "host", environment: {}, readFile: () => "" };
const loaded = loadConfig("", source);
const started = Promise.withResolvers<void>();

beforeEach(() => {
  signals = new EventEmitter();
  events = [];
  done = [];
  reload = async () => loaded;
  clock = new VirtualClock(0);
  fingerprint = undefined;
});

function roleOf(overrides: Partial<Role> = {}): Role {
  return {
    start: async () => void done.push("start"),
    reload: async (config: Config) => void done.push(`reload ${config.shards}`),
    stop: async () => void done.push("stop"),
    ...overrides,
  };
}

/** `heard` is told of each event, so that a test can wait for it. */
function run(role: Role, heard: (event: string) => void = () => {}): Promise<number> {
  const note = (event: string) => {
    events.push(event);
    heard(event);
  };
  const log = {
    ...{ debug: note, info: note, warn: note, error: note },
    write() {},
    flush: async () => void done.push("flush"),
    droppedLines: 0,
  };
  const telemetry = { stop: async () => void done.push("telemetry") };
  const given = { warnings: ["odd"], configFile: "x.yaml", reload: () => reload() };
  return runRole(role, { ...given, clock, fingerprint, log, telemetry, signals });
}

describe("runRole()", () => {
  test.each(["SIGTERM", "SIGINT"])("%s stops it in good order", async (signal) => {
    const ran = run(roleOf(), (event) => event === "started" && signals.emit(signal));
    expect(await ran).toBe(0);
    expect(done).toEqual(["start", "stop", "telemetry", "flush"]);
    expect(events).toEqual(["configuration_warning", "starting", "started", "stopping", "stopped"]);
    expect(signals.eventNames()).toEqual([]);
  });

  test("one that waits for its servers stops, too", async () => {
    const ran = run(roleOf({ start: () => started.promise }));
    signals.emit("SIGTERM");
    expect(await ran).toBe(0);
    expect(done).toEqual(["stop", "telemetry", "flush"]);
  });

  test("one that cannot start is stopped, and says why", async () => {
    const start = () => Promise.reject(new Error("the schema differs"));
    await expect(run(roleOf({ start }))).rejects.toThrow("the schema differs");
    expect(done).toEqual(["stop", "telemetry", "flush"]);
    expect(events).toContain("start_failed");
  });

  test("SIGHUP reloads", async () => {
    const ran = run(roleOf(), (event) => {
      if (event === "started") signals.emit("SIGHUP");
      if (event === "configuration_reloaded") signals.emit("SIGTERM");
    });
    await ran;
    expect(done).toEqual(["start", "reload 4", "stop", "telemetry", "flush"]);
  });

  test("so do files that changed, until it stops", async () => {
    let files = "a";
    fingerprint = () => files;
    let passing = Promise.resolve();
    const ran = run(roleOf(), (event) => {
      if (event === "started") {
        files = "b";
        passing = clock.advance(10_000);
      }
      if (event === "configuration_reloaded") signals.emit("SIGTERM");
    });
    expect(await ran).toBe(0);
    await passing;
    files = "c";
    await clock.advance(60_000);
    expect(done).toEqual(["start", "reload 4", "stop", "telemetry", "flush"]);
  });

  test("a faulty file leaves all as it is", async () => {
    reload = async () => ({ faults: [{ line: 1, column: 2, key: "x", message: "is odd" }] });
    const ran = run(roleOf(), (event) => {
      if (event === "started") signals.emit("SIGHUP");
      if (event === "configuration_not_reloaded") signals.emit("SIGTERM");
    });
    await ran;
    expect(done).toEqual(["start", "stop", "telemetry", "flush"]);
  });
});
