/** The queue as a person reads it. */
import { listLimitMax } from "#proto/admin";
import type { DestinationSummary } from "#proto/operator/destination-summary";
import type { ListedUnit, RecipientState } from "#proto/operator/listed-unit";
import { sizeText, spanText, timeText, untilText } from "../duration.ts";
import { fields, printableLines, table } from "../table.ts";
import type { Shown } from "./control-answers.ts";

/** A row a unit. */
export function listText(units: readonly ListedUnit[], now: number): string {
  const rows = units.map((unit) => [
    unit.uid,
    isToCome(unit, now) ? "scheduled" : unit.state,
    nextText(unit, now),
    String(unit.attempts),
    spanText(now - unit.acceptedAt),
    sizeText(unit.sizeBytes),
    `<${unit.reversePath}>`,
    recipientsText(unit.recipients),
    lastReply(unit.recipients) ?? "",
  ]);
  const heading = ["ID", "STATE", "NEXT", "TRIES", "AGE", "SIZE", "FROM", "TO", "LAST REPLY"];
  return table(heading, rows);
}

/** Its sender's time has not come: it waits for nothing else. */
export function isToCome({ notBefore = 0, state }: ListedUnit, now: number): boolean {
  return notBefore > now && state !== "inFlight";
}

function nextText(unit: ListedUnit, now: number): string {
  const { state, nextAttemptAt, notBefore = 0 } = unit;
  if (isToCome(unit, now)) return untilText(notBefore, now);
  if (nextAttemptAt !== undefined) return untilText(nextAttemptAt, now);
  if (state === "backlog") return "with its destination";
  // Which may be soon, or long: a limit, a hold or a rule can keep it back.
  return state === "ready" ? "in its turn" : "";
}

function recipientsText(recipients: readonly RecipientState[]): string {
  const [first, ...others] = recipients;
  if (first === undefined) return "";
  return others.length === 0 ? `<${first.path}>` : `<${first.path}> +${others.length}`;
}

function lastReply(recipients: readonly RecipientState[]): string | undefined {
  const told = recipients.find(({ text, status }) => text !== undefined || status !== undefined);
  return told === undefined ? undefined : replyText(told);
}

/** `450 4.2.1 mailbox busy`; the text of many replies begins with the status already. */
export function replyText(reply: {
  readonly code?: number | undefined;
  readonly status?: string | undefined;
  readonly text?: string | undefined;
}): string {
  const { code, status, text = "" } = reply;
  const isRepeated = status === undefined || text.startsWith(status);
  return [code, isRepeated ? undefined : status, text]
    .filter((part) => part !== undefined && part !== "")
    .join(" ");
}

/** Everything about a message that is in the queue. */
export function shownText({ units, headerSection }: Shown, now: number): string {
  const [first] = units;
  if (first === undefined) return "";
  const message = fields([
    ["Message", first.uid.slice(0, first.uid.indexOf("."))],
    ["From", `<${first.reversePath}>${first.isNotification ? " (a notification)" : ""}`],
    ["Tenant", first.tenant],
    ["Campaign", first.campaign],
    ["Pool", first.pool],
    ["Priority", first.lane === "h" ? "high" : undefined],
    ["Size", sizeText(first.sizeBytes)],
    ["Accepted", `${timeText(first.acceptedAt)} UTC (${spanText(now - first.acceptedAt)} ago)`],
    ["Scheduled", scheduleText(first, now)],
    ["Expires", `${timeText(first.expiresAt)} UTC (${untilText(first.expiresAt, now)})`],
  ]);
  const header =
    headerSection === undefined ? [] : [`${printableLines(headerSection).trimEnd()}\n`];
  return [message, ...units.map((unit) => unitText(unit, now)), ...header].join("\n");
}

function scheduleText({ notBefore }: ListedUnit, now: number): string | undefined {
  if (notBefore === undefined) return undefined;
  const until = notBefore > now ? ` (${untilText(notBefore, now)})` : "";
  return `not before ${timeText(notBefore)} UTC${until}`;
}

function unitText(unit: ListedUnit, now: number): string {
  const tried = `${unit.attempts} ${unit.attempts === 1 ? "attempt" : "attempts"}`;
  const about = fields([
    ["Unit", unit.uid],
    ["Destination", unit.destination],
    ["State", `${stateText(unit, now)} (${tried})`],
  ]);
  const rows = unit.recipients.map(({ path, at, remote, ...reply }) => [
    `<${path}>`,
    at === undefined ? "" : `${timeText(at)} UTC`,
    remote ?? "",
    replyText(reply),
  ]);
  return about + table(["RECIPIENT", "LAST ATTEMPT", "HOST", "REPLY"], rows);
}

/** Its state, and what it waits for. */
export function stateText(unit: ListedUnit, now: number): string {
  const { state, nextAttemptAt, destination, uid, notBefore } = unit;
  if (isToCome(unit, now)) {
    const due = dueText(": ", notBefore, now);
    return `scheduled${due} (godwit queue retry ${uid} sends it now)`;
  }
  switch (state) {
    case "ready":
      return `ready: it waits for its turn (godwit explain ${destination})`;
    case "inFlight":
      return "in flight: it is being tried now";
    case "backlog": {
      const due = dueText(", ", nextAttemptAt, now);
      return `backlog: it waits with its destination${due} (godwit explain ${destination})`;
    }
    case "deferred":
      return `deferred${dueText(": ", nextAttemptAt, now)}`;
  }
}

function dueText(separator: string, at: number | undefined, now: number): string {
  if (at === undefined) return "";
  return `${separator}next attempt ${untilText(at, now)}, ${timeText(at)} UTC`;
}

/** A row a destination. */
export function summaryText(destinations: readonly DestinationSummary[], now: number): string {
  const rows = destinations.map((d) => [
    d.destination,
    d.asOf === undefined ? d.state : `${d.state} ${spanText(now - d.asOf)} ago`,
    d.nextRetryAt === undefined ? "" : untilText(d.nextRetryAt, now),
    String(d.ready),
    String(d.inFlight),
    String(d.backlog),
    deferredText(d),
    d.lastError ?? "",
  ]);
  const counts = ["READY", "IN FLIGHT", "BACKLOG", "DEFERRED"];
  return table(["DESTINATION", "STATE", "NEXT", ...counts, "LAST ERROR"], rows);
}

/** Counted only as far as one look goes; a worker of an older version does not say how far. */
export function deferredText({ deferred, isDeferredPartial }: DestinationSummary): string {
  const isPartial = isDeferredPartial ?? deferred >= listLimitMax;
  return isPartial ? `${deferred}+` : String(deferred);
}
