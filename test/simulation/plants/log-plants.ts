/** Bugs with the log and the journal, as somebody might write them. */
import { assert } from "#lib/assert";
import type { UnitEvent } from "#lib/queue/event";
import { makeQueueId } from "#lib/queue/queue-id";
import { allShards } from "#lib/queue/shard";
import { uidOf } from "#lib/queue/unit";
import { seededRandom } from "#lib/random";
import type { LogEntry } from "#lib/stream/stream";
import { decodeUnit, encodeUnit } from "#proto/unit";
import type { Plant } from "./plant.ts";

/** Units count as settled while their record is still on its way. */
export const floorAheadOfJournal: Plant = (seams) => {
  const { journal } = seams;
  let position = 0;
  const append: typeof journal.append = async (writer, events) => {
    void journal.append(writer, events).catch(() => {});
    position += 1;
    return position;
  };
  return { ...seams, journal: { ...journal, append } };
};

/** Whoever takes over leaves the dead owner's journal open. */
export const noSeal: Plant = (seams) => {
  return { ...seams, journal: { ...seams.journal, seal: async () => 0 } };
};

/** The last event of a journal is left out at a takeover. */
export const replayOneShort: Plant = (seams) => {
  const { journal } = seams;
  const replay: typeof journal.replay = async function* (writer, shard, after) {
    let last: UnitEvent | undefined;
    for await (const event of journal.replay(writer, shard, after)) {
      if (last !== undefined) yield last;
      last = event;
    }
  };
  return { ...seams, journal: { ...journal, replay } };
};

/** A floor is taken for that of all shards. */
export const purgeOfAllShards: Plant = (seams, { witness }) => {
  const { stream } = seams;
  const purge: typeof stream.purge = async (_, floor) => {
    for (const shard of allShards(witness.ledger.shards.length)) await stream.purge(shard, floor);
  };
  return { ...seams, stream: { ...stream, purge } };
};

/** A new owner thinks that nothing was there before it. */
export const predecessorForgotten: Plant = (seams) => {
  const { stream, leases } = seams;
  // No lower: a log that ends before its floor is another one, and refused.
  const end: typeof stream.end = async (shard) =>
    (await leases.read(shard))?.checkpoint?.floor ?? 0;
  return { ...seams, stream: { ...stream, end } };
};

/** A worker of an older version: it does not know that a unit has a time before which it is not tried. */
export const scheduleUnknown: Plant = (seams) => {
  const { stream } = seams;
  const older = (entry: LogEntry): LogEntry => {
    const { notBefore, ...unit } = decodeUnit(entry.record);
    return { ...entry, record: encodeUnit(unit), ...(entry.unit === undefined ? {} : { unit }) };
  };
  const open: typeof stream.open = (shard, after) => {
    const reader = stream.open(shard, after);
    return {
      async pull(limit, signal) {
        const { entries, ...rest } = await reader.pull(limit, signal);
        return { ...rest, entries: entries.map(older) };
      },
      close: () => reader.close(),
    };
  };
  return { ...seams, stream: { ...stream, open } };
};

/** A message that is split is acknowledged before its last unit is published. */
export const splitDoneEarly: Plant = (seams) => {
  const { splitting } = seams;
  const publish: typeof splitting.publish = async (message, index) => {
    if (index === message.units.length - 1) await splitting.acknowledge(message);
    return await splitting.publish(message, index);
  };
  return { ...seams, splitting: { ...splitting, publish } };
};

/** The same notification has another id when it is sent again. */
export const notificationIdByChance: Plant = (seams, { clock }) => {
  const { intake } = seams;
  const random = seededRandom(7);
  const accept: typeof intake.accept = async (message) => {
    const id = makeQueueId(clock.now(), random);
    const [unit] = message.units;
    assert(unit !== undefined, "a notification has a unit");
    await intake.accept({ ...message, id, units: [{ ...unit, uid: uidOf(id, 0) }] });
  };
  return { ...seams, intake: { accept } };
};
