import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { failureOf } from "../../../test/support/failure.ts";
import { QueueThread, queueDefaults } from "./queue-thread.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-queue-thread-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test("a file that is no queue is named", async () => {
  const path = join(folder, "queue.sqlite");
  await writeFile(path, "no database, and long enough to be looked at. ".repeat(100));
  const options = { ...queueDefaults, path, shards: 4 };
  const ports = { clock: systemClock, onFailed() {} };
  const failure = await failureOf(QueueThread.open(options, ports));
  expect(String(failure)).toContain(`Cannot open queue "${path}": file is not a database`);
});
