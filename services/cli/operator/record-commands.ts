/** `godwit queue holds|parked`: what was recorded beside the queue. */
import type { Command } from "commander";
import { listLimitMax } from "#proto/admin";
import { timeText } from "../duration.ts";
import type { Io } from "../io.ts";
import { jsonText, table } from "../table.ts";
import { readHolds, readParked } from "./control-answers.ts";
import { type ControlOptions, controlOf, withControlOptions } from "./control-target.ts";
import { limitBy } from "./selection.ts";

const limitDefault = "100";

interface RecordOptions extends ControlOptions {
  readonly limit: string;
}

export function addRecordCommands(queue: Command, io: Io): void {
  withControlOptions(queue.command("holds"))
    .description("the destinations that operators hold")
    .action(async (options: ControlOptions) => {
      const { client } = controlOf(io, options);
      const holds = await client.get("/v1/holds", {}, readHolds);
      if (options.json) return io.out(jsonText({ holds }));
      const rows = holds.map(({ since, destination, reason }) => [
        timeText(since),
        destination,
        reason,
      ]);
      tell(io, ["SINCE (UTC)", "DESTINATION", "REASON"], rows);
    });

  withControlOptions(queue.command("parked"))
    .description("records that could not be read; others went on without them")
    .option("--limit <n>", "at most so many", limitDefault)
    .action((options: RecordOptions) => listParked(io, options));
}

export interface ParkedOptions extends ControlOptions {
  readonly limit: string;
}

export async function listParked(io: Io, options: ParkedOptions): Promise<void> {
  const limit = String(limitBy(options.limit, listLimitMax));
  const { client } = controlOf(io, options);
  const parked = await client.get("/v1/parked", { limit }, readParked);
  if (options.json) return io.out(jsonText({ parked }));
  const rows = parked.map(({ at, shard, sequence, uid, reason }) => [
    timeText(at),
    String(shard),
    String(sequence),
    uid,
    reason,
  ]);
  tell(io, ["TIME (UTC)", "SHARD", "SEQUENCE", "UNIT", "REASON"], rows);
}

function tell(io: Io, heading: readonly string[], rows: readonly (readonly string[])[]): void {
  if (rows.length === 0) io.err("There are none.\n");
  else io.out(table(heading, rows));
}
