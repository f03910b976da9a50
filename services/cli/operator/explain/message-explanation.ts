/** Where each unit of a message stands, and what it waits for, in words. */
import type { RouteConfig } from "#lib/config/config";
import { parseQueueId, queueIdTime } from "#lib/queue/queue-id";
import type { DestinationSummary } from "#proto/operator/destination-summary";
import type { ListedUnit } from "#proto/operator/listed-unit";
import type { ExplainedUnit, Standing } from "#proto/operator/standing";
import { spanText, timeText, untilText } from "../../duration.ts";
import type { ClusterStatus, Explained, TracedEvent } from "../control-answers.ts";
import { isToCome, replyText } from "../queue-text.ts";
import { explanation, nextHopOf, waitText } from "./destination-explanation.ts";

type Routes = readonly RouteConfig[] | undefined;

/** The clocks of those who tell may differ so much. */
const slackMs = 5_000;

export function isAnythingKnown({ units, parked = [] }: Explained): boolean {
  return units.length > 0 || parked.length > 0;
}

/** Of each unit; then of each destination that some of them wait for. */
export function messageText(explained: Explained, routes: Routes, now: number): readonly string[] {
  const { units, destinations, parked = [] } = explained;
  const waitedFor = new Set(
    units.flatMap(({ unit, standing: { place } }) =>
      place === "lane" || place === "backlog" ? [unit.destination] : [],
    ),
  );
  const states = destinations.filter(({ destination }) => waitedFor.has(destination));
  return [
    ...units.flatMap((each) => unitText(each, now)),
    ...parked.map(({ uid, at, reason }) => {
      return `${uid} was parked at ${timeText(at)} UTC and is tried no more: ${reason} (godwit queue parked)`;
    }),
    ...states.flatMap((state) => ["", ...destinationText(state, routes, now)]),
  ];
}

function destinationText(
  state: DestinationSummary,
  routes: Routes,
  now: number,
): readonly string[] {
  const { destination, lastError: reason = "", since = now } = state;
  const hold = state.state === "held" ? { destination, reason, since } : undefined;
  const nextHop = routes === undefined ? undefined : nextHopOf(destination, routes);
  return explanation({ destination, states: [state], hold, nextHop }, now);
}

function unitText({ unit, standing }: ExplainedUnit, now: number): readonly string[] {
  const { uid, destination, attempts, acceptedAt, expiresAt } = unit;
  const tried = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
  const age = `accepted ${spanText(now - acceptedAt)} ago, expires ${untilText(expiresAt, now)}`;
  return [
    `${uid} to ${destination} (${tried}, ${age}):`,
    ...standingText(unit, standing, now).map((line) => `  ${line}`),
    ...unit.recipients.map((recipient) => `  ${recipientText(recipient)}`),
  ];
}

function recipientText({ path, at, remote, ...reply }: ListedUnit["recipients"][number]): string {
  if (at === undefined) return `<${path}>: not tried yet`;
  const where = remote === undefined ? "" : ` by ${remote}`;
  return `<${path}>: last at ${timeText(at)} UTC${where}: ${replyText(reply)}`;
}

function standingText(unit: ListedUnit, standing: Standing, now: number): readonly string[] {
  const { destination, nextAttemptAt } = unit;
  if (isToCome(unit, now)) return [scheduleText(unit, now)];
  switch (standing.place) {
    case "lane":
      return laneText(destination, standing, now);
    case "trying":
      return [
        standing.host === undefined
          ? "is being tried: its hosts are being looked up"
          : `is being tried now at ${standing.host}`,
      ];
    case "writing":
      return [
        "is in memory: its content is being read, or what came of it or where it waits is being written",
      ];
    case "suspect":
      return [
        "is in doubt: an owner of the shard that died may have deferred it; the store, which knows, does not answer",
      ];
    case "wheel":
      return [
        nextAttemptAt === undefined
          ? "waits for a time of its own"
          : `waits for its next attempt ${untilText(nextAttemptAt, now)}, at ${timeText(nextAttemptAt)} UTC`,
      ];
    case "backlog":
      return [backlogText(unit, standing, now)];
  }
}

function scheduleText({ uid, notBefore = 0 }: ListedUnit, now: number): string {
  const at = `${timeText(notBefore)} UTC, ${untilText(notBefore, now)}`;
  return `is scheduled by its sender: it is not tried before ${at} (godwit queue retry ${uid} sends it now)`;
}

function laneText(destination: string, standing: Standing, now: number): readonly string[] {
  const { wait, ahead = 0, reason = "turn" } = standing;
  const others = ahead === 0 ? "" : ` behind ${ahead} others of its kind`;
  const at = `waits in memory for ${destination}${others}`;
  if (wait !== undefined) return [`${at}, with`, ...waitText(wait, now)];
  return [`${at}: ${laneReasons(destination)[reason] ?? reason}`];
}

function laneReasons(destination: string): Readonly<Record<string, string>> {
  return {
    lookup: "where its mail goes is being looked up",
    paused: "its worker starts nothing, for it is not heard of or its journal does not answer",
    doubt: "a host failed, and one attempt after the other tells whether another is there",
    window: `${destination} has as many sessions as are sensible now`,
    sessions: "its worker has as many sessions as it may (delivery.sessionsMax)",
    turn: "nothing keeps it back but its turn",
  };
}

function backlogText({ destination, nextAttemptAt }: ListedUnit, standing: Standing, now: number) {
  const at = `waits in the store for ${destination}`;
  switch (standing.reason) {
    case "hold":
      return `${at}, which an operator holds`;
    case "down": {
      const next =
        nextAttemptAt === undefined ? "" : `, and is tried ${untilText(nextAttemptAt, now)}`;
      return `${at}, which is down${next}`;
    }
    default:
      return `${at}, behind what came before it`;
  }
}

/** Nothing of it is a unit: not any more, or not yet. Empty: nothing is known. */
export function endText(
  id: string,
  known: {
    readonly explained: Explained;
    readonly events: readonly TracedEvent[];
    readonly now: number;
  },
): readonly string[] {
  const { explained, events, now } = known;
  const maybe = splitText(id, explained.splits, now);
  const ends = new Map(
    events.flatMap((event) =>
      event.recipients.map((recipient) => [recipient.path, { event, recipient }] as const),
    ),
  );
  const last = events.at(-1);
  const untold =
    ends.size === 0 && last !== undefined
      ? [`${last.disposition}, at ${timeText(last.at)} UTC`]
      : [];
  const lines = [
    ...untold,
    ...[...ends.values()].map(
      ({ event: { at, remote }, recipient: { path, outcome, ...reply } }) => {
        const where = remote === undefined ? "" : ` by ${remote}`;
        return `<${path}>: ${outcome} at ${timeText(at)} UTC${where}: ${replyText(reply)}`;
      },
    ),
  ];
  // Somebody who did not answer may have it.
  const isSure = explained.unanswered === undefined;
  const nothing = isSure
    ? `Nothing of ${id} is in the queue.`
    : `Nothing of ${id} was found by who answered.`;
  if (lines.length > 0)
    return [`${nothing} What is known last (godwit trace ${id}):`, ...lines, ...maybe];
  if (maybe.length > 0) return maybe;
  return isSure ? [] : [nothing];
}

/** It is as old as those that are not fanned out, or less. */
function splitText(id: string, splits: ClusterStatus["splits"], now: number): readonly string[] {
  if (splits === undefined) return [];
  const name = `${id} may be a message to several destinations that is not fanned out yet`;
  if (splits === "unknown") return [`${name}: how many there are is not known now.`];
  const queueId = parseQueueId(id.split(".")[0] ?? "");
  const count = splits.waiting + splits.inFlight;
  const ageMs = queueId === undefined ? 0 : now - queueIdTime(queueId);
  if (count === 0 || ageMs > (splits.oldestMs ?? 0) + slackMs) return [];
  return [`${name}: ${count} are waiting for that.`];
}
