/** Units as an operator sees them: those in memory and those in the store, by uid. */
import { fieldsOf } from "#lib/message/header-section";
import type { Destination, QueueId, Shard, Uid, Unit } from "#lib/queue/unit";
import { type DeferredUnit, type Store, StoreUnavailable, type UnitPage } from "#lib/store/store";
import { type AdminAnswer, listLimitMax, type Unread } from "#proto/admin";
import type { ListedUnit } from "#proto/operator/listed-unit";
import { joinPages } from "#proto/unit-page";
import { isMeant, messageOf } from "../shard/commands.ts";
import type { ShardOwner } from "../shard/owner.ts";
import { attemptsOf, type QueuedUnit } from "../shard/queued-unit.ts";
import type { AdminPorts } from "./handler.ts";

export interface Asked {
  readonly destination?: Destination | undefined;
  readonly after?: Uid | undefined;
  readonly limit: number;
}

/** A header section is cut here: the answer must fit into a message of the bus. */
const headerBytesMax = 64 * 1024;

/** The bus gives up after 5 s, and what was found must still be read. */
const withinMs = 2_000;

export async function listUnits(
  owners: readonly ShardOwner[],
  asked: Asked,
  store: Store,
): Promise<AdminAnswer<"queue.list">> {
  const { destination, after = "", limit } = asked;
  const isAsked = (unit: Unit) =>
    unit.uid > after && (destination === undefined || unit.destination === destination);
  const filter = {
    limit,
    withinMs,
    ...(destination === undefined ? {} : { destination }),
    ...(asked.after === undefined ? {} : { after: asked.after }),
  };
  const pages = await Promise.all(
    owners.map(async (owner) => {
      const { units: stored, next, why } = await storedOf(store.list(owner.shard, filter));
      const units = merged(owner, { stored, inMemory: inMemory(owner, isAsked) });
      return { shard: owner.shard, units, next, why };
    }),
  );
  return { ...joinPages(pages, limit), ...unreadOf(pages) };
}

export async function showMessage(
  owners: readonly ShardOwner[],
  id: QueueId | Uid,
  ports: AdminPorts,
): Promise<AdminAnswer<"queue.show">> {
  const { store, stream } = ports;
  const queueId = messageOf(id);
  const { found, ...rest } = await unitsOf(owners, id, store);
  const units = inOrder(found.map(({ unit }) => unit));
  const told = { units, ...rest };
  if (units.length === 0) return told;
  const content = (await stream.content(queueId)) ?? (await storedContent(store, queueId));
  return content === undefined ? told : { ...told, headerSection: headerSectionOf(content) };
}

export interface FoundUnit {
  readonly owner: ShardOwner;
  readonly unit: ListedUnit;
}

/** Those of a message, or one of them. */
export async function unitsOf(
  owners: readonly ShardOwner[],
  id: QueueId | Uid,
  store: Store,
): Promise<{ readonly found: readonly FoundUnit[]; readonly unread?: Unread }> {
  const queueId = messageOf(id);
  const isAsked = (unit: Unit) => isMeant(unit, { id });
  const lists = await Promise.all(
    owners.map(async (owner) => {
      const listing = store.list(owner.shard, { queueId, limit: listLimitMax });
      const { units: stored, why } = await storedOf(listing);
      const asked = stored.filter(({ unit }) => isAsked(unit));
      const units = merged(owner, { stored: asked, inMemory: inMemory(owner, isAsked) });
      return { shard: owner.shard, found: units.map((unit) => ({ owner, unit })), why };
    }),
  );
  return { found: lists.flatMap(({ found }) => found), ...unreadOf(lists) };
}

/** A store that is away must not hide what is in memory. */
export async function storedOf(listing: Promise<UnitPage>): Promise<UnitPage & { why?: string }> {
  try {
    return await listing;
  } catch (error) {
    if (error instanceof StoreUnavailable) return { units: [], why: error.message };
    throw error;
  }
}

async function storedContent(store: Store, id: QueueId): Promise<Uint8Array | undefined> {
  try {
    return await store.content(id);
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined;
    throw error;
  }
}

function unreadOf(lists: readonly { shard: Shard; why: string | undefined }[]): {
  unread?: Unread;
} {
  const failed = lists.filter(({ why }) => why !== undefined);
  const reason = failed[0]?.why;
  return reason === undefined ? {} : { unread: { shards: failed.map((it) => it.shard), reason } };
}

/** By uid, the first first. */
function inMemory(owner: ShardOwner, isAsked: (unit: Unit) => boolean): readonly QueuedUnit[] {
  return [...owner.working.units]
    .filter(({ unit }) => isAsked(unit))
    .sort((a, b) => (a.unit.uid < b.unit.uid ? -1 : 1));
}

/** A unit that is in memory is in the store too when it came from there: memory knows better. */
function merged(
  { shard, working }: ShardOwner,
  units: { stored: readonly DeferredUnit[]; inMemory: readonly QueuedUnit[] },
): readonly ListedUnit[] {
  const stored = units.stored.filter(({ unit }) => working.unit(unit.uid) === undefined);
  return [
    ...units.inMemory.map((queued) => fromMemory(shard, queued)),
    ...stored.map((deferred) => fromStored(shard, deferred, working)),
  ];
}

function inOrder(units: readonly ListedUnit[]): readonly ListedUnit[] {
  return [...units].sort((a, b) => (a.uid < b.uid ? -1 : 1));
}

function fromMemory(shard: Shard, queued: QueuedUnit): ListedUnit {
  const { unit, origin, isInFlight } = queued;
  const last = origin.kind === "store" ? origin.deferred.last : {};
  const state = isInFlight ? "inFlight" : "ready";
  return { ...listed(shard, unit, last), state, attempts: attemptsOf(queued) };
}

function fromStored(
  shard: Shard,
  { unit, place, attempts, last }: DeferredUnit,
  working: ShardOwner["working"],
): ListedUnit {
  const common = { ...listed(shard, unit, last), attempts };
  if (place.kind === "wheel") return { ...common, state: "deferred", nextAttemptAt: place.dueAt };
  const { hold, down } = working.known(unit.destination) ?? {};
  // Who is held is tried at no time, whatever the timer says.
  const hasTimer = hold === undefined && down !== undefined;
  return { ...common, state: "backlog", ...(hasTimer ? { nextAttemptAt: down.until } : {}) };
}

export function listed(shard: Shard, unit: Unit, last: DeferredUnit["last"]) {
  const { uid, destination, envelope, sizeBytes, acceptedAt, expiresAt, lane } = unit;
  const { notBefore, tenant, campaign, pool } = unit;
  return {
    uid,
    destination,
    shard,
    reversePath: envelope.reversePath,
    recipients: unit.recipients.map(({ path }) => ({ path, ...last[path] })),
    sizeBytes,
    acceptedAt,
    ...(notBefore === undefined ? {} : { notBefore }),
    expiresAt,
    isNotification: unit.isNotification,
    lane,
    ...(tenant === undefined ? {} : { tenant }),
    ...(campaign === undefined ? {} : { campaign }),
    ...(pool === undefined ? {} : { pool }),
  };
}

/** As text; controls are replaced, since it ends at an operator's terminal. */
function headerSectionOf(content: Uint8Array): string {
  let end = 0;
  for (const field of fieldsOf(content)) {
    if (field.end > headerBytesMax) break;
    end = field.end;
  }
  const shown = content.subarray(0, end).map((byte) => (isControl(byte) ? questionMark : byte));
  return new TextDecoder().decode(shown);
}

const questionMark = 0x3f;

function isControl(byte: number): boolean {
  const isBlank = byte === 0x09 || byte === 0x0a || byte === 0x0d;
  return (byte < 0x20 && !isBlank) || byte === 0x7f;
}
