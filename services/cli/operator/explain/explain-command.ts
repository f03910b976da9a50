/** `godwit explain`: why mail for a destination, or a message, waits, and until when. */
import type { Command } from "commander";
import type { Destination, QueueId, Uid } from "#lib/queue/unit";
import { listLimitMax, parseMessageId } from "#proto/admin";
import { CommandFailed, type Io } from "../../io.ts";
import { jsonText, printable } from "../../table.ts";
import { readExplained, readHolds, readSummary, readTrace } from "../control-answers.ts";
import {
  type Asked,
  type ControlOptions,
  controlOf,
  withControlOptions,
} from "../control-target.ts";
import { destinationBy } from "../selection.ts";
import { warning } from "../unanswered.ts";
import { explanation, nextHopOf } from "./destination-explanation.ts";
import { endText, isAnythingKnown, messageText } from "./message-explanation.ts";

interface Explaining {
  readonly io: Io;
  readonly asked: Asked;
  readonly isJson: boolean;
}

export function addExplainCommand(program: Command, io: Io): void {
  withControlOptions(program.command("explain"))
    .description("why mail for a destination, or a message, waits, and until when")
    .argument("<destination|message>", "a domain, or an address there; or a queue id, or a unit's")
    .action(async (text: string, options: ControlOptions) => {
      const id = parseMessageId(text);
      const destination = id === undefined ? destinationBy(text) : undefined;
      const explaining = { io, asked: controlOf(io, options), isJson: options.json === true };
      if (destination !== undefined) return await explainDestination(destination, explaining);
      if (id !== undefined) return await explainMessage(id, explaining);
    });
}

async function explainDestination(destination: Destination, explaining: Explaining): Promise<void> {
  const { io, isJson } = explaining;
  const { client, config } = explaining.asked;
  const read = warning(io, readSummary);
  const summary = await client.get("/v1/queue/summary", { destination }, read);
  const { destinations: states, unanswered } = summary;
  const holds = await client.get("/v1/holds", {}, readHolds);
  const hold = holds.find((held) => held.destination === destination);
  const nextHop = config === undefined ? undefined : nextHopOf(destination, config.routes);
  const known = { destination, states, hold, nextHop, unanswered };
  io.out(isJson ? jsonText(known) : printableText(explanation(known, io.now())));
}

/** What is not in the queue any more is told from its trace, which takes longer to find. */
async function explainMessage(id: QueueId | Uid, explaining: Explaining): Promise<void> {
  const { io, isJson } = explaining;
  const { client, config } = explaining.asked;
  const read = warning(io, readExplained);
  const explained = await client.get(`/v1/queue/${id}/explain`, {}, read);
  const now = io.now();
  if (isAnythingKnown(explained)) {
    const routes = config?.routes;
    return io.out(
      isJson ? jsonText({ id, ...explained }) : printableText(messageText(explained, routes, now)),
    );
  }
  const limit = String(listLimitMax);
  const events = await client.get(`/v1/trace/${id}`, { limit }, readTrace);
  if (isJson) io.out(jsonText({ id, ...explained, events }));
  const told = endText(id, { explained, events, now });
  if (told.length === 0) throw unknown(id);
  if (!isJson) io.out(printableText(told));
}

function unknown(id: string): CommandFailed {
  return new CommandFailed(
    `Nothing is known of ${id}: it was never here, or longer ago than the journal is kept,\n` +
      "or it is in the log of a shard that has not read so far (godwit cluster status)",
  );
}

function printableText(lines: readonly string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join("");
}
