/** Rows of the wheel and of the backlogs in memory, in order. */
import { type BacklogName, backlogOf } from "#lib/queue/backlog-name";
import type { BacklogSummary, DeferredUnit, WaitingRow } from "./store.ts";

/** Numbers as text of one length, so that text order is number order. */
function digits(n: number): string {
  return String(n).padStart(16, "0");
}

/** Index of the first row behind `position`. */
function indexBehind(rows: readonly WaitingRow[], position: string): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.position ?? "") <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

function rowOf(deferred: DeferredUnit, position: string, at: number): WaitingRow {
  const { unit, generation } = deferred;
  return { position, uid: unit.uid, generation, at, sizeBytes: unit.sizeBytes };
}

/** One shard's wheel. */
export class WheelRows {
  readonly #rows: WaitingRow[] = [];

  /** The same row again changes nothing. */
  add(deferred: DeferredUnit, dueAt: number): void {
    const position = `${digits(dueAt)}/${deferred.unit.uid}/${digits(deferred.generation)}`;
    const index = indexBehind(this.#rows, position);
    if (this.#rows[index - 1]?.position === position) return;
    this.#rows.splice(index, 0, rowOf(deferred, position, dueAt));
  }

  read(q: { until: number; after?: string; limit: number }): readonly WaitingRow[] {
    const from = q.after === undefined ? 0 : indexBehind(this.#rows, q.after);
    const found = this.#rows.slice(from, from + q.limit);
    const end = found.findIndex((row) => row.at > q.until);
    return end === -1 ? found : found.slice(0, end);
  }

  advance(before: number): void {
    this.#rows.splice(0, indexBehind(this.#rows, digits(before)));
  }
}

/** One shard's backlogs, first in, first out. */
export class BacklogRows {
  readonly #queues = new Map<BacklogName, WaitingRow[]>();
  #lastPosition = 0;

  add(deferred: DeferredUnit, at: number): void {
    const name = backlogOf(deferred.unit);
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = [];
      this.#queues.set(name, queue);
    }
    this.#lastPosition += 1;
    queue.push(rowOf(deferred, digits(this.#lastPosition), at));
  }

  read(name: BacklogName, q: { after?: string; limit: number }): readonly WaitingRow[] {
    const queue = this.#queues.get(name) ?? [];
    const from = q.after === undefined ? 0 : indexBehind(queue, q.after);
    return queue.slice(from, from + q.limit);
  }

  advance(name: BacklogName, position: string): void {
    const queue = this.#queues.get(name);
    if (queue === undefined) return;
    queue.splice(0, indexBehind(queue, position));
    if (queue.length === 0) this.#queues.delete(name);
  }

  summaries(): readonly BacklogSummary[] {
    return [...this.#queues].map(([backlog, queue]) => ({
      backlog,
      depth: queue.length,
      bytes: queue.reduce((sum, row) => sum + row.sizeBytes, 0),
      oldestAt: queue[0]?.at ?? 0,
    }));
  }
}
