/** A copy of the queue that is made while Godwit runs, and what becomes of it elsewhere. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sink } from "../../loadtest/sink/sink.ts";
import { Load } from "../support/process/load.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { within } from "../support/process/within.ts";

const emptyMaxMs = 60_000;
const quickRetries = "delivery: { retry: { first: 1s, cap: 2s } }\n";
const waiting = 300;

/** An address where nobody listens yet. */
async function closedPlace(): Promise<Sink["endpoint"]> {
  await using sink = await Sink.start();
  return sink.endpoint;
}

async function emptied(godwit: StandaloneProcess): Promise<void> {
  await within(emptyMaxMs, godwit.emptied(), () => `the queue stays full:\n${godwit.log.last}`);
}

test("a copy made under load has all that was accepted, and what was delivered since comes twice", async () => {
  const down = await closedPlace();
  await using up = await Sink.start({ keep: "verdicts" });
  const routes = { "down.example": down, "*": up.endpoint };
  const data = await mkdtemp(join(tmpdir(), "godwit-copy-"));
  await using godwit = await StandaloneProcess.prepare({ routes, yaml: quickRetries });
  await using elsewhere = await StandaloneProcess.prepare({ routes, yaml: quickRetries, data });
  try {
    await godwit.start();
    const sources = [`--messages ${waiting} --size 1024 --domain down.example`];
    const waits = Load.start({ to: godwit, sources });
    await waits.finished();
    const passing = Load.start({ to: godwit, sources: ["--messages 100000 --sessions 4"] });
    await passing.accepted(200);
    await mkdir(join(data, "queue"));
    {
      using database = new Database(godwit.database, { readonly: true });
      database.run(`VACUUM INTO '${elsewhere.database}'`);
    }
    await passing.accepted(passing.messages + 200);
    await passing.stop();
    await within(
      emptyMaxMs,
      up.until(({ messages }) => messages >= passing.messages),
      () => "",
    );
    // The machine is gone, with its disk.
    await godwit.kill();
    const before = up.ledger.total;
    await elsewhere.start();
    expect((await elsewhere.ask("/readyz")).status).toBe(200);
    await using back = await Sink.start({ at: down, keep: "verdicts" });
    await emptied(elsewhere);
    expect(waits.missingIn([back.ledger])).toEqual([]);
    expect(back.ledger.total).toBe(waiting);
    expect(passing.missingIn([up.ledger])).toEqual([]);
    // Only what was under way when it was made.
    expect(up.ledger.total - before).toBeLessThanOrEqual(200);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}, 120_000);
