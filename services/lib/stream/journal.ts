/** Seam: the append-only record of outcomes, one journal for each incarnation of a worker. */
import type { UnitEvent } from "#lib/queue/event";
import type { Shard } from "#lib/queue/unit";

/** `<worker>/<incarnation>`: who writes a journal. A restarted worker is a new incarnation. */
export type Incarnation = string & { readonly __brand: "Incarnation" };

/** `life` tells one life of the worker `name` from its others. */
export function incarnationOf(name: string, life: string): Incarnation {
  return `${name}/${life}` as Incarnation;
}

export interface Journal {
  /**
   * Appends one record, durably, and returns its position (rising from 1). One append at a time.
   * When it resolves the events' units are settled.
   *
   * @throws {JournalSealed} another worker has taken over: nothing of the record counts.
   * Any other error: unknown whether it was recorded; the same record may be appended again.
   */
  append(writer: Incarnation, events: readonly UnitEvent[]): Promise<number>;
  /**
   * Ends another's journal: from here on the server refuses its appends. Idempotent; returns the
   * last position.
   */
  seal(writer: Incarnation): Promise<number>;
  /** Events of one shard in a journal behind position `after`, in order. */
  replay(writer: Incarnation, shard: Shard, after: number): AsyncIterable<UnitEvent>;
  /** Every event of a message that is still kept, oldest first: `godwit trace`. */
  trace(uidPrefix: string, limit: number): Promise<readonly UnitEvent[]>;
}

export class JournalSealed extends Error {
  override readonly name = "JournalSealed";
}
