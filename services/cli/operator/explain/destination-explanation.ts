/** Why mail for a destination waits, and until when, in words. */
import type { RouteConfig } from "#lib/config/config";
import type { Destination } from "#lib/queue/unit";
import type { Unanswered } from "#proto/admin";
import type { DestinationSummary, WaitSummary } from "#proto/operator/destination-summary";
import { routeFor } from "../../../delivery/attempt/routes.ts";
import { spanText, timeText, untilText } from "../../duration.ts";
import type { Hold } from "../control-answers.ts";
import { deferredText } from "../queue-text.ts";

/** How its hosts are found. */
export type NextHop =
  | (RouteConfig["nextHop"] & { readonly by: "route"; readonly route: string })
  | { readonly by: "mx" | "address" };

export interface Known {
  readonly destination: Destination;
  /** Several while its shard moves. */
  readonly states: readonly DestinationSummary[];
  readonly hold: Hold | undefined;
  /** Undefined when the configuration is not known here. */
  readonly nextHop: NextHop | undefined;
  /** The owner of its shard does not answer: what is known is what it told last. */
  readonly unanswered?: Unanswered | undefined;
}

export function explanation(known: Known, now: number): readonly string[] {
  const { destination, states, hold, nextHop } = known;
  const held = hold === undefined ? [] : heldText(hold, now);
  const route = nextHop === undefined ? [] : [wayText(nextHop)];
  if (states.length === 0 && known.unanswered !== undefined) {
    const text = `What waits for ${destination} is not known now, nor was anything when it was told last.`;
    return [...held, text, ...route];
  }
  if (states.length === 0) {
    const idle = `Nothing waits for ${destination}, and nothing is known against it.`;
    const would = hold === undefined ? `${idle} Mail would be tried at once.` : idle;
    return [...held, would, ...route];
  }
  return [...held, ...states.flatMap((state) => stateText(state, now)), ...route];
}

function heldText({ destination, reason, since }: Hold, now: number): string[] {
  const why = reason === "" ? "" : `: ${reason}`;
  return [
    `${destination} is held by an operator since ${sinceText(since, now)}${why}`,
    `It stays so until: godwit queue release ${destination}`,
  ];
}

function stateText(state: DestinationSummary, now: number): string[] {
  const { asOf } = state;
  const old = asOf === undefined ? [] : [`As its owner told it ${spanText(now - asOf)} ago:`];
  return [...old, ...conditionText(state, now), ...waitingText(state)];
}

function conditionText(state: DestinationSummary, now: number): string[] {
  const { destination, since, nextRetryAt, lastError } = state;
  // Held destinations are told from the hold itself, which has the reason.
  if (state.state === "held") return [];
  if (state.state === "open") {
    const last = lastError === undefined ? "" : ` The last failure was: ${lastError}`;
    const waits = (state.waits ?? []).flatMap((wait) => waitText(wait, now));
    if (waits.length > 0)
      return [`${destination} is open, but not all may go now.${last}`, ...waits];
    return [`${destination} is open: mail is tried as it comes.${last}`];
  }
  const from = since === undefined ? "" : ` since ${sinceText(since, now)}`;
  const until =
    nextRetryAt === undefined
      ? []
      : [`The next attempt is ${untilText(nextRetryAt, now)}, at ${timeText(nextRetryAt)} UTC.`];
  return [
    `${destination} is down${from}: ${lastError ?? "no host could be used"}`,
    ...until,
    `To try at once: godwit queue retry ${destination}`,
  ];
}

/** What binds, how much it lets through, who says so, and until when. */
export function waitText(wait: WaitSummary, now: number): string[] {
  const { kind, name, value, scope, provenance, since, until, ready } = wait;
  const whose = whoseText(wait);
  const units = ready === 1 ? "1 unit" : `${ready} units`;
  const from = `since ${sinceText(since, now)}`;
  const next = until === undefined ? "" : `; the next may go ${untilText(until, now)}`;
  if (kind === "hold") {
    const end = until === undefined ? "" : ` until ${timeText(until)} UTC`;
    return [
      `${units}${whose}: held by the rule "${name}" (${provenance}) ${from}${end}. The reply was: ${value}`,
      "To end it: godwit shaping active, then godwit shaping cancel <id>",
    ];
  }
  if (kind === "source") {
    return [`${units}${whose}: source ${name} cannot be used ${from} (${value})${next}.`];
  }
  const each = scope.length === 0 ? "" : ` for each ${scope.join(" and ")}`;
  return [
    `${units}${whose}: ${kind} ${value}${each} ("${name}", ${provenance}) bind ${from}${next}.`,
  ];
}

function whoseText({ tenant, campaign, source }: WaitSummary): string {
  const parts = [
    ...(tenant === undefined ? [] : [`tenant ${tenant}`]),
    ...(campaign === undefined ? [] : [`campaign ${campaign}`]),
    ...(source === undefined ? [] : [`source ${source}`]),
  ];
  return parts.length === 0 ? "" : ` of ${parts.join(", ")}`;
}

function waitingText(state: DestinationSummary): string[] {
  const { ready, inFlight, sessionsMax, backlog, scheduled = 0 } = state;
  const ofSenders = scheduled === 0 ? "" : ` (${scheduled} of them scheduled by their senders)`;
  const counts = [
    `${ready} ready`,
    `${inFlight} in flight`,
    `${backlog} waiting for the destination`,
    `${deferredText(state)} waiting for a time of their own${ofSenders}`,
  ];
  const sessions = sessionsMax === 1 ? "1 session" : `${sessionsMax} sessions`;
  // None: nothing is in memory, and so nothing has been counted yet.
  const most = sessionsMax === 0 ? "" : ` At most ${sessions} now.`;
  return [`Units: ${counts.join(", ")}.${most}`];
}

function sinceText(since: number, now: number): string {
  return `${timeText(since)} UTC (${spanText(now - since)})`;
}

export function nextHopOf(destination: Destination, routes: readonly RouteConfig[]): NextHop {
  const route = routeFor(destination, routes);
  if (route !== undefined) return { by: "route", route: route.domain, ...route.nextHop };
  return { by: destination.startsWith("[") ? "address" : "mx" };
}

function wayText(nextHop: NextHop): string {
  if (nextHop.by !== "route") {
    const way = nextHop.by === "address" ? "is that address" : "is found by MX";
    return `Its next hop ${way} (no route names it).`;
  }
  const { protocol, host, port, route } = nextHop;
  const at = host.includes(":") ? `[${host}]` : host;
  return `Its next hop is ${protocol}://${at}:${port} (route "${route}").`;
}
