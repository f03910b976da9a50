/** What becomes of a session between two messages, or before the first of them is answered. */
import type { Clock } from "#lib/clock";
import type { Path } from "../path/paths.ts";
import type { Connections } from "./connections.ts";
import { Followers } from "./followers.ts";
import type { RemoteSession } from "./remote-session.ts";
import type { Lent, SessionPool } from "./session-pool.ts";
import type { TransactionReport } from "./transaction-report.ts";

/** So many go over a connection whose place is wanted before another has it. */
const turnTransactions = 20;
const idleWhileWantedMs = 10;

export interface SessionReusePorts {
  readonly clock: Clock;
  readonly pool: SessionPool;
  readonly connections: Connections;
}

export class SessionReuse {
  readonly #ports: SessionReusePorts;
  readonly #followers: Followers;

  constructor(ports: SessionReusePorts) {
    this.#ports = ports;
    this.#followers = new Followers(ports.clock);
  }

  /** Its transaction is answered: it waits for the next message, or ends. */
  keep(session: RemoteSession, path: Path): void {
    if (this.#isDone(session, path)) return session.quit();
    // Asked before somebody takes it.
    const isWanted = this.#isWantedByOthers(session, path);
    this.#ports.pool.put(path.connectionKey, session, path.settings.idleMs);
    if (isWanted) this.#leaveIfIdle(session, path);
  }

  /** Another message may follow what it has sent; undefined: not over this one. */
  lend(session: RemoteSession, path: Path): Lent | undefined {
    if (this.#isDone(session, path) || !this.#followers.mayFollow(session)) return undefined;
    return this.#ports.pool.lend(path.connectionKey, session);
  }

  /** False when another has it by now: who follows, or whom this one was to follow. */
  isOurs(session: RemoteSession, lent: Lent | undefined): boolean {
    const isFollowed = lent !== undefined && !this.#ports.pool.takeLent(lent);
    return !isFollowed && !session.isBusy;
  }

  /** False when a transaction must not count, but be tried again alone (`Followers`). */
  heard(session: RemoteSession, report: TransactionReport): boolean {
    return this.#followers.heard(session, report);
  }

  /** Not to be used again after what it does now. */
  #isDone(session: RemoteSession, path: Path): boolean {
    const isUsedUp = session.transactions >= path.messagesPerConnection;
    const isDue = session.transactions % turnTransactions === 0;
    const isWanted = isDue && this.#isWantedByOthers(session, path);
    return isUsedUp || isWanted || this.#ports.connections.isExcess(session);
  }

  /** Somebody waits for its place who cannot use it as it is. */
  #isWantedByOthers(session: RemoteSession, path: Path): boolean {
    const { connections, pool } = this.#ports;
    return connections.waitingFor(session) > pool.wantedBy(path.connectionKey);
  }

  /** What its own destination has ready takes it at once; else its place is for others. */
  #leaveIfIdle(session: RemoteSession, path: Path): void {
    const { clock, pool } = this.#ports;
    clock.after(idleWhileWantedMs, () => {
      if (this.#isWantedByOthers(session, path)) pool.evict((idle) => idle === session);
    });
  }
}
