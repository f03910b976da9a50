/** `godwit queue …`: what waits, why, and what an operator does about it. */
import type { Command } from "commander";
import { type Changed, listLimitMax, type Unanswered } from "#proto/admin";
import type { ListedUnit } from "#proto/operator/listed-unit";
import { CommandFailed, type Io } from "../io.ts";
import { jsonText, printable } from "../table.ts";
import {
  type ListedPage,
  readChanged,
  readHolds,
  readPage,
  readShown,
  readSummary,
} from "./control-answers.ts";
import type { ControlClient } from "./control-client.ts";
import { type ControlOptions, controlOf, withControlOptions } from "./control-target.ts";
import { listText, shownText, stateText, summaryText } from "./queue-text.ts";
import { addRecordCommands, listParked } from "./record-commands.ts";
import { destinationBy, limitBy, messageBy, type Selected, selectedBy } from "./selection.ts";
import { areAllFannedOut, splitsText } from "./splits-text.ts";
import { warning } from "./unanswered.ts";

const listedDefault = 100;
/** All of them are in memory at once, here and in the terminal. */
const listedMax = 100_000;
/** Whoever looks for a few among millions is told how far that came, and goes on if they like. */
const listedMsMax = 20_000;

export function addQueueCommands(program: Command, io: Io): void {
  const queue = program.command("queue").description("what waits, why, and what to do about it");
  addQuestions(queue, io);
  addCommands(queue, io);
  addRecordCommands(queue, io);
}

interface ListOptions extends ControlOptions {
  readonly limit: string;
  readonly after?: string;
  readonly parked?: boolean;
}

function addQuestions(queue: Command, io: Io): void {
  withControlOptions(queue.command("list"))
    .description("the units that wait, oldest first")
    .argument("[destination]", "only those for this domain")
    .option("--limit <n>", "at most so many", String(listedDefault))
    .option("--after <id>", "only those behind this one")
    .option("--parked", "those that could not be read, and wait for nothing")
    .action(async (text: string | undefined, options: ListOptions) => {
      if (options.parked) return listParked(io, options);
      const destination = text === undefined ? undefined : destinationBy(text);
      const limit = limitBy(options.limit, listedMax);
      const after = options.after === undefined ? undefined : messageBy(options.after);
      const { client } = controlOf(io, options);
      const { units, next, unanswered } = await listed(client, io, { destination, after, limit });
      if (options.json) return io.out(jsonText({ units, next, unanswered }));
      if (units.length > 0) io.out(listText(units, io.now()));
      if (units.length === 0 && next === undefined) return io.err(nothingText(unanswered));
      io.err(moreText({ found: units.length, limit, next }));
    });

  withControlOptions(queue.command("summary"))
    .description("the destinations that mail waits for, the most first")
    .argument("[destination]", "only this domain")
    .action(async (text: string | undefined, options: ControlOptions) => {
      const destination = text === undefined ? undefined : destinationBy(text);
      const { client } = controlOf(io, options);
      const read = warning(io, readSummary);
      const summary = await client.get("/v1/queue/summary", { destination }, read);
      if (options.json) return io.out(jsonText(summary));
      const { destinations, splits } = summary;
      const isEmpty = destinations.length === 0;
      if (!isEmpty) io.out(summaryText(destinations, io.now()));
      if (!areAllFannedOut(splits)) io.out(splitsText(splits));
      else if (isEmpty) io.err(nothingText(summary.unanswered));
    });

  withControlOptions(queue.command("show"))
    .description("a message that waits: its units, recipients, last replies and header section")
    .argument("<message>", "its queue id, or a unit's")
    .action(async (text: string, options: ControlOptions) => {
      const id = messageBy(text);
      const { client } = controlOf(io, options);
      const shown = await client.find(`/v1/queue/${id}`, {}, warning(io, readShown));
      if (shown === undefined) throw notThere(id);
      if (shown.units.length === 0) throw new CommandFailed(`Nobody else has anything of ${id}.`);
      io.out(options.json ? jsonText(shown) : shownText(shown, io.now()));
    });
}

interface Listing {
  readonly destination: string | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

/** As many pages as it takes to fill the list, or as there is time for. */
async function listed(client: ControlClient, io: Io, { destination, after, limit }: Listing) {
  const units: ListedUnit[] = [];
  let next = after;
  let unanswered: Unanswered | undefined;
  const until = io.now() + listedMsMax;
  do {
    const pageMax = String(Math.min(listLimitMax, limit - units.length));
    const query = { destination, after: next, limit: pageMax };
    // What the first page lacks the others lack, too, mostly: it is told once.
    const read = unanswered === undefined ? warning(io, readPage) : readPage;
    const page: ListedPage & { unanswered?: Unanswered } = await client.get(
      "/v1/queue",
      query,
      read,
    );
    units.push(...page.units);
    next = page.next;
    unanswered ??= page.unanswered;
  } while (next !== undefined && units.length < limit && io.now() < until);
  return { units, next, unanswered };
}

function nothingText(unanswered: Unanswered | undefined): string {
  return unanswered === undefined ? "Nothing waits.\n" : "Nothing waits elsewhere.\n";
}

/** Whether that is all. */
function moreText(list: { found: number; limit: number; next: string | undefined }): string {
  const { found, limit, next } = list;
  if (next === undefined) return "";
  const goOn = `--after ${next}`;
  if (found >= limit) {
    return `${found} are shown, more may wait: ${goOn}, or a higher --limit\n`;
  }
  const shown = found === 0 ? "None was found yet" : `Only ${found} were found yet`;
  return `${shown}: not all that waits could be looked through in time. To go on: ${goOn}\n`;
}

interface HoldOptions extends ControlOptions {
  readonly reason: string;
}

interface CancelOptions extends ControlOptions {
  readonly yes?: boolean;
}

function addCommands(queue: Command, io: Io): void {
  withControlOptions(queue.command("retry"))
    .description("try now, whatever the schedule says; what its sender scheduled only by its id")
    .argument("<what>", "a destination, a message's queue id, or a unit's")
    .action(async (text: string, options: ControlOptions) => {
      const selected = selectedBy(text);
      const { client } = controlOf(io, options);
      const changed = await client.post(
        "/v1/queue/retry",
        { ...selected },
        warning(io, readChanged),
      );
      if (options.json) return io.out(jsonText(changed));
      const lines =
        changed.units + changed.destinations > 0
          ? [retriedText(changed)]
          : await whyNothingChanged(client, selected, io.now());
      io.out(lines.map((line) => `${line}\n`).join(""));
    });

  withControlOptions(queue.command("hold"))
    .description("try nothing more for a destination until it is released; mail is still accepted")
    .argument("<destination>", "a domain")
    .option("--reason <text>", "shown to others who ask why", "")
    .action(async (text: string, options: HoldOptions) => {
      const destination = destinationBy(text);
      const { client } = controlOf(io, options);
      const body = { destination, reason: options.reason };
      const changed = await client.post("/v1/queue/hold", body, warning(io, readChanged));
      if (options.json) return io.out(jsonText(changed));
      io.out(`${destination} is held. To go on: godwit queue release ${destination}\n`);
    });

  withControlOptions(queue.command("release"))
    .description("go on with a destination that is held")
    .argument("<destination>", "a domain")
    .action(async (text: string, options: ControlOptions) => {
      const destination = destinationBy(text);
      const { client } = controlOf(io, options);
      const holds = await client.get("/v1/holds", {}, readHolds);
      // Told to all the same: a worker may not have heard of an earlier release.
      const changed = await client.post(
        "/v1/queue/release",
        { destination },
        warning(io, readChanged),
      );
      if (options.json) return io.out(jsonText(changed));
      const wasHeld = holds.some((hold) => hold.destination === destination);
      io.out(`${destination} ${wasHeld ? "is released" : "was not held"}\n`);
    });

  withControlOptions(queue.command("cancel"))
    .description("end without delivery and without a notification to the sender")
    .argument("<what>", "a message's queue id, a unit's, or (with --yes) a destination")
    .option("-y, --yes", "yes, everything that waits for the destination")
    .action(async (text: string, options: CancelOptions) => {
      const selected = selectedBy(text);
      if (selected.destination !== undefined && options.yes !== true) {
        throw unconfirmed(selected.destination);
      }
      const { client } = controlOf(io, options);
      const changed = await client.post(
        "/v1/queue/cancel",
        { ...selected },
        warning(io, readChanged),
      );
      if (selected.id !== undefined && changed.units === 0) throw notThere(selected.id);
      if (options.json) return io.out(jsonText(changed));
      io.out(`${counted(changed.units, "unit is", "units are")} cancelled\n`);
    });
}

function unconfirmed(destination: string): CommandFailed {
  return new CommandFailed(
    `This ends everything that waits for ${destination}, and tells no sender.\n` +
      `See what it is: godwit queue list ${destination}\n` +
      `Then say so: godwit queue cancel --yes ${destination}`,
    2,
  );
}

function retriedText({ units, destinations }: Changed): string {
  const parts = [
    ...(units === 0 ? [] : [`${counted(units, "unit is", "units are")} due now`]),
    ...(destinations === 0
      ? []
      : [
          `${counted(destinations, "destination no longer counts", "destinations no longer count")} as down`,
        ]),
  ];
  return parts.join(", ");
}

/** A unit that waits for something else than a time is not made due by a retry. */
async function whyNothingChanged(
  client: ControlClient,
  { id, destination }: Selected,
  now: number,
) {
  if (id === undefined)
    return [`Nothing there waits for its next attempt: godwit explain ${destination}`];
  const shown = await client.find(`/v1/queue/${id}`, {}, readShown);
  if (shown === undefined) throw notThere(id);
  return shown.units.map((unit) => printable(`${unit.uid} is ${stateText(unit, now)}`));
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function notThere(id: string): CommandFailed {
  return new CommandFailed(
    `Nothing of ${id} is in the queue. What became of it: godwit trace ${id}`,
  );
}
