/** Sessions that wait for more mail to the same destination. */
import type { Clock } from "#lib/clock";
import { Deadlines, type HasDeadline } from "#lib/deadlines";
import type { Destination } from "#lib/queue/unit";
import type { RemoteSession } from "./remote-session.ts";

interface Idle extends HasDeadline {
  readonly destination: Destination;
  readonly session: RemoteSession;
}

export class SessionPool {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #deadlines: Deadlines;
  readonly #byDestination = new Map<Destination, Idle[]>();
  /** Those that have waited longest come first. */
  readonly #all = new Set<Idle>();

  constructor(clock: Clock, idleMs: number) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#deadlines = new Deadlines(clock);
  }

  get size(): number {
    return this.#all.size;
  }

  /** The session used last: it is the least likely to have been closed meanwhile. */
  take(destination: Destination): RemoteSession | undefined {
    for (;;) {
      const idle = this.#byDestination.get(destination)?.at(-1);
      if (idle === undefined) return undefined;
      this.#remove(idle);
      // It may have heard a 421 and not yet be closed.
      if (idle.session.isOpen) return idle.session;
    }
  }

  put(destination: Destination, session: RemoteSession): void {
    const idle: Idle = {
      destination,
      session,
      deadline: this.#clock.monotonic() + this.#idleMs,
      expired: () => this.#end(idle),
    };
    const list = this.#byDestination.get(destination);
    if (list === undefined) this.#byDestination.set(destination, [idle]);
    else list.push(idle);
    this.#all.add(idle);
    this.#deadlines.watch(idle);
    session.onClosed(() => this.#remove(idle));
  }

  /** Closes those that have waited longest, so that at most `max` are left. */
  shrink(max: number): void {
    for (const idle of this.#all) {
      if (this.#all.size <= max) return;
      this.#end(idle);
    }
  }

  /** Closes what is idle: of one destination, or all. */
  close(destination?: Destination): void {
    const idle = destination === undefined ? this.#all : this.#byDestination.get(destination);
    for (const each of [...(idle ?? [])]) this.#end(each);
  }

  #end(idle: Idle): void {
    this.#remove(idle);
    idle.session.quit();
  }

  #remove(idle: Idle): void {
    if (!this.#all.delete(idle)) return;
    const list = this.#byDestination.get(idle.destination);
    list?.splice(list.lastIndexOf(idle), 1);
    if (list?.length === 0) this.#byDestination.delete(idle.destination);
    this.#deadlines.forget(idle);
    idle.session.onClosed(() => {});
  }
}
