/** Reads a part of a stream that is known to be there, from a place up to a sequence. */
import { rejectOnAbort, Waiters } from "#lib/stream/waiters";
import { goneThrough } from "./gone.ts";
import { type LaneMessage, type LanePlace, type LanePorts, OrderedLane } from "./ordered-lane.ts";

export interface Part extends Omit<LanePlace, "arrived"> {
  readonly through: number;
}

/** Then it is looked whether the rest is there at all: it may have aged out meanwhile. */
const silenceMaxMs = 10_000;

export async function* readThrough(ports: LanePorts, part: Part): AsyncGenerator<LaneMessage> {
  const arrived = new Waiters();
  const lane = new OrderedLane(ports, { ...part, arrived });
  try {
    for (;;) {
      const next = lane.shift();
      if (next === undefined) {
        if (!(await comes(ports, arrived)) && (await isGone(ports, part))) return;
        continue;
      }
      if (next.sequence > part.through) return;
      yield next;
      if (next.sequence === part.through) return;
    }
  } finally {
    lane.close();
  }
}

/** False after a while without anything. */
async function comes({ clock }: LanePorts, arrived: Waiters): Promise<boolean> {
  const silence = new AbortController();
  const cancel = clock.after(silenceMaxMs, () => silence.abort());
  try {
    await rejectOnAbort(arrived.wait(), silence.signal);
    return true;
  } catch (error) {
    if (silence.signal.aborted) return false;
    throw error;
  } finally {
    cancel();
  }
}

/** Rejects while nobody knows: a part without its end would pass for the whole. */
async function isGone({ manager }: LanePorts, { stream, through }: Part): Promise<boolean> {
  if ((await manager.streams.getMessage(stream, { seq: through })) !== null) return false;
  const info = await manager.streams.info(stream, { deleted_details: true });
  if (goneThrough(info, through) !== undefined) return true;
  throw new Error(`Cannot read ${stream} up to ${through}: that is neither there nor gone`);
}
