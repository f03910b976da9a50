/** The sequence of a log up to which everything is settled, while entries are settled in any order. */
import { assert } from "#lib/assert";

/** One entry read and not passed by the floor yet. */
interface Entry {
  readonly sequence: number;
  isSettled: boolean;
}

export class FloorTracker {
  /** In the order read, which is the order of sequences. */
  #entries: Entry[] = [];
  #head = 0;
  readonly #unsettled = new Map<number, Entry>();
  #floor: number;
  #through: number;

  constructor(floor: number) {
    this.#floor = floor;
    this.#through = floor;
  }

  /** Everything up to here is settled. Never falls. */
  get floor(): number {
    return this.#floor;
  }

  get unsettledCount(): number {
    return this.#unsettled.size;
  }

  /** An entry was read. Sequences rise; one that was read before is ignored. */
  read(sequence: number): void {
    const last = this.#entries.at(-1)?.sequence ?? this.#floor;
    if (sequence <= last) return;
    const entry = { sequence, isSettled: false };
    this.#entries.push(entry);
    this.#unsettled.set(sequence, entry);
  }

  /** Everything up to here has been read. */
  through(sequence: number): void {
    if (sequence <= this.#through) return;
    this.#through = sequence;
    this.#rise();
  }

  /** Idempotent. */
  settled(sequence: number): void {
    const entry = this.#unsettled.get(sequence);
    if (entry === undefined) return;
    entry.isSettled = true;
    this.#unsettled.delete(sequence);
    this.#rise();
  }

  #rise(): void {
    for (;;) {
      const entry = this.#entries[this.#head];
      if (entry === undefined) {
        this.#floor = Math.max(this.#floor, this.#through);
        break;
      }
      if (!entry.isSettled) {
        this.#floor = Math.max(this.#floor, Math.min(this.#through, entry.sequence - 1));
        break;
      }
      // Read but not yet covered by `through`: another lane may hold something before it.
      if (entry.sequence > this.#through) {
        this.#floor = Math.max(this.#floor, this.#through);
        break;
      }
      this.#head += 1;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) this.#compact();
    assert(this.#floor <= this.#through, "the floor never passes what was read");
  }

  #compact(): void {
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}
