/** `godwit shaping active|cancel`: what rules on replies have set, and an end of it. */
import type { Command } from "commander";
import type { Measure, MeasureEffect } from "#lib/automation/measure";
import type { Subject } from "#lib/limits/limit";
import { limitText } from "#lib/limits/limit-text";
import { timeText, untilText } from "../duration.ts";
import { CommandFailed, type Io } from "../io.ts";
import { jsonText, table } from "../table.ts";
import { readCancelled, readMeasures } from "./control-answers.ts";
import { type ControlOptions, controlOf, withControlOptions } from "./control-target.ts";
import { warning } from "./unanswered.ts";

interface CancelOptions extends ControlOptions {
  readonly all?: boolean;
}

export function addMeasureCommands(shaping: Command, io: Io): void {
  withControlOptions(shaping.command("active"))
    .description("what rules have set because of replies, for whom, and until when")
    .action(async (options: ControlOptions) => {
      const { client } = controlOf(io, options);
      const told = await client.get("/v1/measures", {}, warning(io, readMeasures));
      if (options.json) return io.out(jsonText(told));
      if (told.measures.length === 0) return io.err("No rule has set anything now.\n");
      io.out(measuresText(told.measures, io.now()));
    });

  withControlOptions(shaping.command("cancel"))
    .description("end what a rule has set; it starts again when a reply matches again")
    .argument("[id]", "as `godwit shaping active` shows it")
    .option("--all", "everything that rules have set")
    .action(async (id: string | undefined, options: CancelOptions) => {
      if ((id === undefined) === (options.all !== true)) {
        throw new CommandFailed("Give an id of `godwit shaping active`, or --all", 2);
      }
      const { client } = controlOf(io, options);
      const body = id === undefined ? ({ all: true } as const) : { id };
      const read = warning(io, readCancelled);
      const told = await client.post("/v1/measures/cancel", body, read);
      if (options.json) return io.out(jsonText(told));
      const count = told.cancelled.length;
      io.out(`${count} ${count === 1 ? "measure is" : "measures are"} cancelled\n`);
    });
}

function measuresText(measures: readonly Measure[], now: number): string {
  const rows = measures.map((measure) => [
    measure.id,
    measure.rule,
    scopeText(measure.scope),
    effectText(measure.effect),
    timeText(measure.since),
    untilText(measure.until, now),
    String(measure.count),
    measure.sample,
  ]);
  const heading = ["ID", "RULE", "FOR", "ACTION", "SINCE (UTC)", "ENDS", "REPLIES", "LAST REPLY"];
  return table(heading, rows);
}

/** `provider google, source ip1` */
export function scopeText(scope: Subject): string {
  const parts = Object.entries(scope).map(([dimension, value]) => `${dimension} ${value}`);
  return parts.length === 0 ? "all" : parts.join(", ");
}

/** `hold`, `messages 10/min`, `skip mx1.example.net` */
export function effectText(effect: MeasureEffect): string {
  switch (effect.kind) {
    case "hold":
      return "hold";
    case "limit":
      return `${effect.limit.kind} ${limitText(effect.limit)}`;
    case "skipHost":
      return `skip ${effect.host}`;
    case "changeSource":
      return "change source";
    case "fail":
      return "fail";
  }
}
