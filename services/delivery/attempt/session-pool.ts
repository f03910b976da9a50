/**
 * Sessions that wait for more mail, by what may use them (`Path.connectionKey`), and such as may take
 * another message behind the one whose reply they await (ADR 0021).
 */
import type { CancelTimer, Clock } from "#lib/clock";
import { Deadlines, type HasDeadline } from "#lib/deadlines";
import type { RemoteSession } from "./remote-session.ts";

interface Idle extends HasDeadline {
  readonly key: string;
  readonly session: RemoteSession;
}

/** A session that awaits a reply, and may be had by another message meanwhile. */
export interface Lent {
  readonly key: string;
  readonly session: RemoteSession;
  isTaken: boolean;
}

export class SessionPool {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #byKey = new Map<string, Idle[]>();
  /** Those that have waited longest come first. */
  readonly #all = new Set<Idle>();
  readonly #lent = new Map<string, Lent[]>();
  readonly #wanted = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
  }

  get size(): number {
    return this.#all.size;
  }

  /** `take` would give one. */
  has(key: string): boolean {
    return this.#last(key) !== undefined;
  }

  /** The session used last: it is the least likely to have been closed meanwhile. */
  take(key: string): RemoteSession | undefined {
    const idle = this.#last(key);
    if (idle === undefined) return undefined;
    this.#remove(idle);
    return idle.session;
  }

  put(key: string, session: RemoteSession, idleMs: number): void {
    const idle: Idle = {
      key,
      session,
      deadline: this.#clock.monotonic() + idleMs,
      expired: () => this.#end(idle),
    };
    const list = this.#byKey.get(key);
    if (list === undefined) this.#byKey.set(key, [idle]);
    else list.push(idle);
    this.#all.add(idle);
    this.#deadlines.watch(idle);
    session.onClosed(() => this.#remove(idle));
    this.#tellOne(key);
  }

  /** It has sent a message, and may be had before the reply comes: by who waits, or is next. */
  lend(key: string, session: RemoteSession): Lent {
    const lent: Lent = { key, session, isTaken: true };
    this.giveBack(lent);
    return lent;
  }

  /** Of those lent the one that has waited longest for its reply. */
  peekLent(key: string): Lent | undefined {
    return this.#lent.get(key)?.find(({ session }) => session.isOpen);
  }

  /** For who is to follow, or nobody any more. False when somebody has it already. */
  takeLent(lent: Lent): boolean {
    if (lent.isTaken) return false;
    lent.isTaken = true;
    const list = this.#lent.get(lent.key);
    list?.splice(list.indexOf(lent), 1);
    if (list?.length === 0) this.#lent.delete(lent.key);
    return true;
  }

  /** Who took it does not use it, and the message before is not answered yet. */
  giveBack(lent: Lent): void {
    lent.isTaken = false;
    const list = this.#lent.get(lent.key);
    if (list === undefined) this.#lent.set(lent.key, [lent]);
    else list.push(lent);
    this.#tellOne(lent.key);
  }

  /** How many wait for one. */
  wantedBy(key: string): number {
    return this.#wanted.get(key)?.size ?? 0;
  }

  /** Calls `wake` when one has come; of several that wait the first. */
  whenIdle(key: string, wake: () => void): CancelTimer {
    const waiting = this.#wanted.get(key) ?? new Set();
    this.#wanted.set(key, waiting.add(wake));
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#wanted.get(key) === waiting) this.#wanted.delete(key);
    };
  }

  /** Closes those that have waited longest, so that at most `max` are left. */
  shrink(max: number): void {
    for (const idle of this.#all) {
      if (this.#all.size <= max) return;
      this.#end(idle);
    }
  }

  /** Closes those that have waited longest of those meant, one or so many: their place is wanted. */
  evict(isMeant: (session: RemoteSession) => boolean, most = 1): void {
    let left = most;
    for (const idle of this.#all) {
      if (left <= 0) return;
      if (!isMeant(idle.session)) continue;
      this.#end(idle);
      left -= 1;
    }
  }

  /** Closes all that are meant. */
  closeThose(isMeant: (session: RemoteSession) => boolean): void {
    for (const idle of [...this.#all]) if (isMeant(idle.session)) this.#end(idle);
  }

  /** Closes what is idle: of one key, or all. */
  close(key?: string): void {
    const idle = key === undefined ? this.#all : this.#byKey.get(key);
    for (const each of [...(idle ?? [])]) this.#end(each);
  }

  /** It may have heard a 421 and not yet be closed. */
  #last(key: string): Idle | undefined {
    for (;;) {
      const idle = this.#byKey.get(key)?.at(-1);
      if (idle === undefined || idle.session.isOpen) return idle;
      this.#remove(idle);
    }
  }

  #tellOne(key: string): void {
    const [first] = this.#wanted.get(key) ?? [];
    first?.();
  }

  #end(idle: Idle): void {
    this.#remove(idle);
    idle.session.quit();
  }

  #remove(idle: Idle): void {
    if (!this.#all.delete(idle)) return;
    const list = this.#byKey.get(idle.key);
    list?.splice(list.lastIndexOf(idle), 1);
    if (list?.length === 0) this.#byKey.delete(idle.key);
    this.#deadlines.forget(idle);
    idle.session.onClosed(() => {});
  }
}
