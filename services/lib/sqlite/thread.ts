/** The queue's thread: SQLite is synchronous, and an fsync must not hold up the sessions. */
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "#lib/clock";
import { BatchRunner } from "./batch.ts";
import { lockQueue, openDatabase } from "./database.ts";
import type { FromThread, QueueOptions, ToThread } from "./queue-thread.ts";
import { queueTables } from "./tables/operations.ts";
import { Room } from "./tables/room.ts";

function start(options: QueueOptions, tell: (message: FromThread) => void): (m: ToThread) => void {
  const { bouncesKeptMs } = options;
  const lock = lockQueue(options.path);
  const database = openDatabase(options);
  const room = new Room(database, { ...options, clock: systemClock });
  const runner = new BatchRunner(
    database,
    queueTables(database, { room, bouncesKeptMs, clock: systemClock }),
  );
  tell({ kind: "opened" });
  return (message) => {
    if (message.kind === "batch") {
      tell({ kind: "answers", answers: runner.run(message.calls) });
      return;
    }
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    lock.close();
    tell({ kind: "closed" });
  };
}

const port = parentPort;
if (port !== null) {
  const tell = (message: FromThread) => port.postMessage(message);
  try {
    const take = start(workerData, tell);
    port.on("message", take);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    tell({ kind: "failed", name, message });
  }
}
