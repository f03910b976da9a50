/** How far a destination's backlog was read, and how far what was read is dealt with. */

interface ReadRow {
  readonly position: string;
  isDone: boolean;
}

export class BacklogCursor {
  /** For display only: arithmetic, not counting. */
  depth = 0;
  bytes = 0;
  /** A page is being read. */
  isReading = false;
  /** Rows whose units have left, and are not counted in `depth` any more. */
  #outdated = 0;
  #handedOut = 0;
  #mayHaveMore = false;
  #readThrough: string | undefined;
  #rows: ReadRow[] = [];
  #done: string | undefined;

  /** Nothing is left, and the store knows. */
  get isEmpty(): boolean {
    const isRead = !this.#mayHaveMore && !this.isReading;
    return isRead && this.#rows.length === 0 && this.#done === undefined;
  }

  /** Of `depth` those that are not in memory. */
  get waiting(): number {
    return Math.max(0, this.depth - this.#handedOut);
  }

  get mayHaveMore(): boolean {
    return this.#mayHaveMore;
  }

  /** The position behind which to read on; undefined: from the stored cursor. */
  get readThrough(): string | undefined {
    return this.#readThrough;
  }

  /** Rows were written, or were there at takeover. */
  grew(rows: number, bytes: number): void {
    this.depth += rows;
    this.bytes += bytes;
    this.#mayHaveMore = true;
  }

  /** A page is about to be read: only what is written from now on is known to lie behind it. */
  readStarted(): void {
    this.isReading = true;
    this.#mayHaveMore = false;
  }

  /** `isEnd`: the page was not full. */
  readEnded(isEnd: boolean): void {
    this.isReading = false;
    if (!isEnd) this.#mayHaveMore = true;
    if (this.#mayHaveMore || this.#rows.length > 0) return;
    this.depth = 0;
    this.bytes = 0;
    this.#outdated = 0;
  }

  /** A unit has left by another way: cancelled, expired, or moved to the end. Its row stays. */
  left(bytes: number): void {
    this.#outdated += 1;
    this.#shrink(bytes);
  }

  /** The row of a unit that has left. */
  passed(position: string, bytes: number): void {
    if (this.#outdated > 0) {
      this.#outdated -= 1;
      this.depth += 1;
      this.bytes += bytes;
    }
    this.handedOut(position, bytes)();
  }

  /** A row was handed out; the result is to be called when it is dealt with. Idempotent. */
  handedOut(position: string, bytes: number): () => void {
    const row: ReadRow = { position, isDone: false };
    this.#rows.push(row);
    this.#handedOut += 1;
    this.#readThrough = position;
    return () => {
      if (row.isDone) return;
      row.isDone = true;
      this.#handedOut -= 1;
      this.#shrink(bytes);
      this.#advance();
    };
  }

  /** The position up to which everything is dealt with, as long as the store was not told. */
  get done(): string | undefined {
    return this.#done;
  }

  /** The store knows that everything up to `position` is dealt with. */
  told(position: string): void {
    if (this.#done === position) this.#done = undefined;
  }

  #shrink(bytes: number): void {
    this.depth = Math.max(0, this.depth - 1);
    this.bytes = Math.max(0, this.bytes - bytes);
  }

  #advance(): void {
    let count = 0;
    for (const row of this.#rows) {
      if (!row.isDone) break;
      this.#done = row.position;
      count += 1;
    }
    if (count > 0) this.#rows.splice(0, count);
  }
}
