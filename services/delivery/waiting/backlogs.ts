/** A destination's backlogs, one for each tenant and priority, as far as something is known of them. */
import type { BacklogName } from "#lib/queue/backlog-name";
import { BacklogCursor } from "./backlog-cursor.ts";

export class Backlogs {
  readonly #cursors = new Map<BacklogName, BacklogCursor>();
  /** Units asked of the store, until they are offered: room is kept for them. */
  asked = 0;

  of(name: BacklogName): BacklogCursor {
    let cursor = this.#cursors.get(name);
    if (cursor === undefined) {
      cursor = new BacklogCursor();
      this.#cursors.set(name, cursor);
    }
    return cursor;
  }

  get count(): number {
    return this.#cursors.size;
  }

  /** Names come from submitters: what is as if it had never been is not kept. */
  forgetEmpty(): void {
    for (const [name, cursor] of this.#cursors) if (cursor.isEmpty) this.#cursors.delete(name);
  }

  get all(): Iterable<readonly [BacklogName, BacklogCursor]> {
    return this.#cursors;
  }

  /** Units in all of them, those in memory left out. */
  get waiting(): number {
    let sum = 0;
    for (const cursor of this.#cursors.values()) sum += cursor.waiting;
    return sum;
  }

  get mayHaveMore(): boolean {
    for (const cursor of this.#cursors.values()) if (cursor.mayHaveMore) return true;
    return false;
  }

  get isEmpty(): boolean {
    for (const cursor of this.#cursors.values()) if (!cursor.isEmpty) return false;
    return true;
  }
}
