/** Sessions that wait for more mail to the same destination. */
import type { Clock } from "#lib/clock";
import { Deadlines, type HasDeadline } from "#lib/deadlines";
import type { Destination } from "#lib/queue/unit";
import type { RemoteSession } from "./remote-session.ts";

interface Idle extends HasDeadline {
  readonly session: RemoteSession;
}

export class SessionPool {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #deadlines: Deadlines;
  readonly #idle = new Map<Destination, Idle[]>();
  #count = 0;

  constructor(clock: Clock, idleMs: number) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#deadlines = new Deadlines(clock);
  }

  get size(): number {
    return this.#count;
  }

  /** The session used last: it is the least likely to have been closed meanwhile. */
  take(destination: Destination): RemoteSession | undefined {
    const idle = this.#idle.get(destination)?.at(-1);
    if (idle === undefined) return undefined;
    this.#remove(destination, idle);
    return idle.session;
  }

  put(destination: Destination, session: RemoteSession): void {
    const idle: Idle = {
      session,
      deadline: this.#clock.monotonic() + this.#idleMs,
      expired: () => {
        this.#remove(destination, idle);
        session.quit();
      },
    };
    const list = this.#idle.get(destination);
    if (list === undefined) this.#idle.set(destination, [idle]);
    else list.push(idle);
    this.#count += 1;
    this.#deadlines.watch(idle);
    session.onClosed(() => this.#remove(destination, idle));
  }

  /** Closes what is idle: of one destination, or all. */
  close(destination?: Destination): void {
    const destinations = destination === undefined ? [...this.#idle.keys()] : [destination];
    for (const each of destinations) {
      for (let session = this.take(each); session !== undefined; session = this.take(each)) {
        session.quit();
      }
    }
  }

  #remove(destination: Destination, idle: Idle): void {
    const list = this.#idle.get(destination);
    const at = list?.lastIndexOf(idle) ?? -1;
    if (list === undefined || at === -1) return;
    list.splice(at, 1);
    this.#count -= 1;
    if (list.length === 0) this.#idle.delete(destination);
    this.#deadlines.forget(idle);
    idle.session.onClosed(() => {});
  }
}
