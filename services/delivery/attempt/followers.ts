/**
 * Which hosts are sent a message behind the final dot of the one before (ADR 0021). Whoever offers
 * PIPELINING should take that, but some throw away what stands behind the dot, and one would wait for
 * minutes: so a host is tried with one connection first, and one that failed is left alone for a while.
 */
import type { Clock } from "#lib/clock";
import { ForgetfulMap } from "#lib/limits/forgetful-map";
import type { RecipientResult } from "#lib/smtp/client/step";
import type { RemoteHost, RemoteSession } from "./remote-session.ts";
import type { TransactionReport } from "./transaction-report.ts";

type Standing =
  | { readonly kind: "tried"; readonly over: Pick<RemoteSession, "isBusy"> }
  | { readonly kind: "able" | "unable"; readonly until: number };

const hour = 3_600_000;

type Tried = Pick<RemoteSession, "isBusy"> & {
  readonly host: Pick<RemoteHost, "address" | "port">;
};

export class Followers {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #hosts = new ForgetfulMap<Standing>(isOver);

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** A message may go behind the one that this session has sent: a host not known yet is tried with it. */
  mayFollow(session: Tried): boolean {
    const now = this.#clock.monotonic();
    const key = keyOf(session);
    const standing = this.#hosts.get(key);
    if (standing !== undefined && !isOver(standing, now)) {
      return standing.kind === "able" || (standing.kind === "tried" && standing.over === session);
    }
    this.#hosts.set(key, { kind: "tried", over: session }, now);
    return true;
  }

  /**
   * What became of a transaction. False when it must not count, but be tried again alone: it followed
   * another, and a host that has lost its place may have refused it for that.
   */
  heard(session: Tried, { following, results }: TransactionReport): boolean {
    if (following === undefined || following === "unbegun") return true;
    const isRefused = following === "begun" && results.every(isRefusedAtMail);
    const isAnswered = following === "begun" && results.some(({ reply }) => reply !== undefined);
    const now = this.#clock.monotonic();
    const kind = isAnswered && !isRefused ? "able" : "unable";
    this.#hosts.set(keyOf(session), { kind, until: now + hour }, now);
    return !isRefused;
  }
}

function isRefusedAtMail({ stage, reply }: RecipientResult): boolean {
  return stage === "mail" && reply?.class === 5;
}

function isOver(standing: Standing, now: number): boolean {
  return standing.kind === "tried" ? !standing.over.isBusy : standing.until <= now;
}

function keyOf({ host: { address, port } }: Tried): string {
  return `${address} ${port}`;
}
