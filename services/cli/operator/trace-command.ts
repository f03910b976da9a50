/** `godwit trace`: what became of a message, and what of it still waits. */
import type { Command } from "commander";
import { parseQueueId, queueIdTime } from "#lib/queue/queue-id";
import { listLimitMax } from "#proto/admin";
import type { ListedUnit } from "#proto/operator/listed-unit";
import { spanText, timeText, untilText } from "../duration.ts";
import { CommandFailed, type Io } from "../io.ts";
import { jsonText, table } from "../table.ts";
import { readShown, readTrace, type TracedEvent } from "./control-answers.ts";
import { type ControlOptions, controlOf, withControlOptions } from "./control-target.ts";
import { replyText } from "./queue-text.ts";
import { messageBy } from "./selection.ts";
import { warning } from "./unanswered.ts";

export function addTraceCommand(program: Command, io: Io): void {
  withControlOptions(program.command("trace"))
    .description("what became of a message: each attempt, each recipient's reply")
    .argument("<message>", "its queue id, or a unit's")
    .action(async (text: string, options: ControlOptions) => {
      const id = messageBy(text);
      const { client } = controlOf(io, options);
      const limit = String(listLimitMax);
      const events = await client.get(`/v1/trace/${id}`, { limit }, readTrace);
      const shown = await client.find(`/v1/queue/${id}`, {}, warning(io, readShown));
      const waiting = shown?.units ?? [];
      if (events.length === 0 && waiting.length === 0) throw unknown(id);
      if (options.json) return io.out(jsonText({ events, waiting }));
      io.out(traceText(id, events));
      io.out(waiting.map((unit) => `${waitingText(unit, io.now())}\n`).join(""));
    });
}

function unknown(id: string): CommandFailed {
  return new CommandFailed(
    `Nothing is known of ${id}: it was never here, or longer ago than the journal is kept`,
  );
}

/** A row for each recipient of each event, in the order in which they were recorded. */
export function traceText(id: string, events: readonly TracedEvent[]): string {
  const heading = ["TIME (UTC)", "UNIT", "EVENT", "TRY", "RECIPIENT", "TOOK", "HOST", "REPLY"];
  const queueId = parseQueueId(id.split(".")[0] ?? "");
  const accepted =
    queueId === undefined
      ? []
      : [[timeText(queueIdTime(queueId)), "", "accepted", "", "", "", "", ""]];
  return table(heading, [...accepted, ...events.flatMap(eventRows)]);
}

function eventRows(event: TracedEvent): string[][] {
  const { at, uid, disposition, attempt, recipients, remote, durationMs } = event;
  const unit = uid.slice(uid.indexOf("."));
  const took = durationMs === undefined ? "" : tookText(durationMs);
  const head = [timeText(at), unit];
  if (recipients.length === 0) {
    return [[...head, disposition, tryText(attempt), event.destination, took, remote ?? "", ""]];
  }
  return recipients.map(({ path, outcome, ...reply }) => [
    ...head,
    outcome === "transient" && disposition === "deferred" ? "deferred" : outcome,
    tryText(attempt),
    `<${path}>`,
    took,
    remote ?? "",
    replyText(reply),
  ]);
}

function tryText(attempt: number): string {
  return attempt === 0 ? "" : String(attempt);
}

function tookText(durationMs: number): string {
  return durationMs < 1_000 ? `${Math.round(durationMs)}ms` : spanText(durationMs);
}

function waitingText(unit: ListedUnit, now: number): string {
  const { uid, state, nextAttemptAt, destination } = unit;
  const until =
    nextAttemptAt === undefined ? "" : `, next attempt ${untilText(nextAttemptAt, now)}`;
  return `${uid} is in the queue: ${state}${until} (godwit explain ${destination})`;
}
