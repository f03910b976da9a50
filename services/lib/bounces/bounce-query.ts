/** Questions about bounces that are recorded, their answers, and the pages these come in. */

import { z } from "zod";
import { type Destination, type QueueId, queueIdOf, type Time } from "#lib/queue/unit";
import { type Bounce, type BounceKind, bounceKinds } from "./bounce.ts";
import type { BounceClass } from "./bounce-class.ts";

/** All that are given must hold. */
export interface BounceCriteria {
  /** A mailbox, in whatever letter case. */
  readonly recipient?: string;
  /** All of one message. */
  readonly queueId?: QueueId;
  readonly destination?: Destination;
  readonly tenant?: string;
  readonly campaign?: string;
  readonly class?: BounceClass;
  readonly since?: Time;
  /** Exclusive. */
  readonly until?: Time;
}

export interface BounceQuery extends BounceCriteria {
  /** `next` of the page before. */
  readonly after?: string;
  readonly limit: number;
}

/** What bounces are found by; the rest is compared with what is found. The first narrows down most. */
const finders = ["queueId", "recipient", "campaign", "destination", "tenant"] as const;
export type Finder = (typeof finders)[number] | "time";

export function finderOf(query: BounceQuery): Finder {
  return finders.find((name) => query[name] !== undefined) ?? "time";
}

/** Rows that are looked at in one go: where some are passed over, more than are wanted. */
export function rowsToRead(query: BounceQuery, max: number): number {
  const given = [...finders, "class" as const].filter((name) => query[name] !== undefined);
  const isAllFound = given.every((name) => name === finderOf(query));
  return isAllFound ? Math.min(query.limit + 1, max) : max;
}

/** By time, oldest first. */
export interface BouncePage {
  readonly bounces: readonly Bounce[];
  /**
   * More may stand behind it: ask again with it. A page may be short, or empty, and have a next: the
   * store has looked at enough of others for one call.
   */
  readonly next?: string;
}

/** What recipients are found by: hosts do not tell letter case apart, nor do people who ask. */
export function recipientKey(path: string): string {
  return path.toLowerCase();
}

/** A bounce's place in the order of all. */
export interface BouncePosition {
  readonly at: Time;
  readonly uid: string;
  readonly path: string;
  readonly kind: BounceKind;
}

export function positionOf({ at, uid, recipient, kind }: Bounce): BouncePosition {
  return { at, uid, path: recipient.path, kind };
}

export function comparePositions(a: BouncePosition, b: BouncePosition): number {
  return a.at - b.at || compare(a.uid, b.uid) || compare(a.path, b.path) || compare(a.kind, b.kind);
}

export function compareBounces(a: Bounce, b: Bounce): number {
  return comparePositions(positionOf(a), positionOf(b));
}

/** As databases order text: by code point, not by UTF-16. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Opaque to whoever asks. */
export function cursorOf({ at, uid, path, kind }: BouncePosition): string {
  return Buffer.from(JSON.stringify([at, uid, path, kind])).toString("base64url");
}

const uid = z.string().regex(/^[0-9A-Z]{26}\.\d{1,6}$/);
const position = z.tuple([z.number().int().nonnegative(), uid, z.string(), z.enum(bounceKinds)]);
const cursorMax = 2_000;

/** Undefined when it is none of ours. */
export function readCursor(text: string): BouncePosition | undefined {
  if (text.length > cursorMax) return undefined;
  const read = position.safeParse(parsed(Buffer.from(text, "base64url").toString()));
  if (!read.success) return undefined;
  const [at, of, path, kind] = read.data;
  return { at, uid: of, path, kind };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every criterion, whatever it was found by. */
export function isAskedFor(bounce: Bounce, asked: BounceCriteria): boolean {
  const { recipient, queueId, since, until } = asked;
  if (recipient !== undefined && recipientKey(bounce.recipient.path) !== recipientKey(recipient))
    return false;
  if (queueId !== undefined && queueIdOf(bounce.uid) !== queueId) return false;
  if (since !== undefined && bounce.at < since) return false;
  if (until !== undefined && bounce.at >= until) return false;
  return (["destination", "tenant", "campaign", "class"] as const).every(
    (field) => asked[field] === undefined || bounce[field] === asked[field],
  );
}

/**
 * Picks from what a store found, in order, until the page is full. `isAll`: nothing stands behind what
 * was found.
 */
export function takePage(found: readonly Bounce[], query: BounceQuery, isAll: boolean): BouncePage {
  const bounces: Bounce[] = [];
  for (const bounce of found) {
    if (query.until !== undefined && bounce.at >= query.until) return { bounces };
    if (isAskedFor(bounce, query)) bounces.push(bounce);
    if (bounces.length >= query.limit) return { bounces, next: cursorOf(positionOf(bounce)) };
  }
  const last = found.at(-1);
  return isAll || last === undefined ? { bounces } : { bounces, next: cursorOf(positionOf(last)) };
}

/** The first of them, as many as fit into so many octets of JSON; one at least. */
export function shortened(page: BouncePage, bytesMax: number): BouncePage {
  let bytes = 0;
  for (const [i, bounce] of page.bounces.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(bounce));
    const last = page.bounces[i - 1];
    if (bytes > bytesMax && last !== undefined) {
      return { bounces: page.bounces.slice(0, i), next: cursorOf(positionOf(last)) };
    }
  }
  return page;
}

/** Where a page begins: behind its cursor, or at `since`. @throws {RangeError} */
export function startOf({ after, since = 0 }: BounceQuery): BouncePosition {
  // Behind every uid of the millisecond before.
  if (after === undefined) return { at: since - 1, uid: "~", path: "", kind: "suppressed" };
  const position = readCursor(after);
  if (position === undefined) throw new RangeError(`"${after.slice(0, 80)}" is no cursor`);
  return position;
}
