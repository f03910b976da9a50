/**
 * Queue ids are ULIDs: 48 bits of time and 80 of chance in 26 characters of Crockford's base 32
 * (ADR 0002).
 */
import { assert } from "#lib/assert";
import type { Random } from "#lib/random";
import type { QueueId, Time, Uid } from "./unit.ts";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const timeLength = 10;
const chanceLength = 16;
const idLength = timeLength + chanceLength;

export function makeQueueId(now: Time, random: Random): QueueId {
  const bytes = random.bytes(chanceLength);
  let chance = "";
  // One character takes five bits of a byte; the other three are not needed.
  for (let i = 0; i < chanceLength; i++) chance += alphabet.charAt((bytes[i] ?? 0) & 31);
  return (encodeTime(now) + chance) as QueueId;
}

/** Ids made at this time or later come behind it, those made before come before it. */
export function queueIdPrefix(time: Time): string {
  return encodeTime(time);
}

/** The first that a unit of this time can have. */
export function firstUidOf(time: Time): Uid {
  return `${encodeTime(time)}${"0".repeat(chanceLength)}.0` as Uid;
}

/** When the id was made, to the millisecond; a unit's is its message's. */
export function queueIdTime(id: QueueId | Uid): Time {
  let time = 0;
  for (let i = 0; i < timeLength; i++) time = time * 32 + alphabet.indexOf(id.charAt(i));
  return time;
}

export function parseQueueId(text: string): QueueId | undefined {
  if (text.length !== idLength) return undefined;
  const upper = text.toUpperCase();
  for (const character of upper) if (!alphabet.includes(character)) return undefined;
  // 48 bits of time fit ten characters only up to "7ZZZZZZZZZ".
  return upper.charAt(0) <= "7" ? (upper as QueueId) : undefined;
}

/** `<queue id>.<n>`. */
export function parseUid(text: string): Uid | undefined {
  const dot = text.indexOf(".");
  const id = parseQueueId(text.slice(0, dot));
  const n = text.slice(dot + 1);
  if (dot === -1 || id === undefined || !/^(0|[1-9]\d{0,8})$/.test(n)) return undefined;
  return `${id}.${n}` as Uid;
}

/** What a notification tells of a unit. */
export interface ToldOf {
  readonly action: string;
  readonly attempt: number;
  /** Of the recipients it tells of. */
  readonly paths: readonly string[];
}

/**
 * The id of a notification follows from what it tells of, so that the same one after a crash is
 * known as the same. Its time is the original's. An attempt that is repeated after a crash may fail
 * for others, too: then it is another notification.
 */
export function notificationId(uid: Uid, { action, attempt, paths }: ToldOf): QueueId {
  return derivedId(uid, `${uid} ${action} ${attempt} ${paths.join(" ")}`);
}

/**
 * The id of the nth message of those that were submitted at once; the first one's is that of all.
 * So whoever repeats the submission under the same id repeats each message under its own.
 */
export function siblingId(first: QueueId, n: number): QueueId {
  return n === 0 ? first : derivedId(first, `${first} sibling ${n}`);
}

/** With the time of `id`. */
function derivedId(id: QueueId | Uid, about: string): QueueId {
  let chance = "";
  for (let lane = 0; chance.length < chanceLength; lane++) {
    let hash = fnv1a64(`${lane} ${about}`);
    for (let i = 0; i < 12 && chance.length < chanceLength; i++) {
      chance += alphabet[Number(hash & 31n)];
      hash >>= 5n;
    }
  }
  return (id.slice(0, timeLength) + chance) as QueueId;
}

function encodeTime(now: Time): string {
  assert(now >= 0 && now < 2 ** 48, "a ULID holds times until the year 10889");
  const high = Math.floor(now / 2 ** 25);
  return base32(high, timeLength - 5) + base32(Math.floor(now) - high * 2 ** 25, 5);
}

/** Of a number below 2^25, so that it is counted in machine words. */
function base32(value: number, length: number): string {
  let text = "";
  for (let bits = (length - 1) * 5; bits >= 0; bits -= 5) {
    text += alphabet.charAt((value >>> bits) & 31);
  }
  return text;
}

function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i) & 0xff)) * 0x100000001b3n);
  }
  return hash;
}
