/** What is known so far of a running attempt. */
import { assert } from "#lib/assert";
import type { TlsInfo } from "#lib/net/transport";
import type { Outcome } from "#lib/queue/outcome";
import type { Source } from "../egress/sources.ts";
import type { Refused } from "./pass.ts";
import { recipientOutcome } from "./recipient-outcome.ts";
import type { RemoteHost, RemoteSession } from "./remote-session.ts";
import type { TransactionReport } from "./transaction-report.ts";

/** Says nothing about the host. */
const dropped: Outcome = {
  kind: "transient",
  scope: "transaction",
  status: "4.3.2",
  reason: "given up: this worker may no longer own the shard",
};

export interface FailedHost {
  readonly host: string;
  readonly outcome: Outcome;
}

export class AttemptProgress {
  readonly #outcomes: (Outcome | undefined)[];
  /** Indexes without a lasting outcome: another host may still take them. */
  #open: number[];
  #hostOutcome: Outcome | undefined;
  remote: RemoteHost | undefined;
  /** From where it goes: another one may have its name after a reload. */
  source: Source | undefined;
  tls: TlsInfo | undefined;
  transmission: string | undefined;
  sessionId: string | undefined;
  inDoubt = 0;
  /** The way out could not be used: nobody was asked. */
  hasNoSource = false;
  readonly failedHosts: FailedHost[] = [];
  /** A limit kept it from a connection. */
  limited: Refused | undefined;
  /** The session that is at work. */
  session: RemoteSession | undefined;
  /** Withdraws what a session has of it, unless that has sent the final dot; tells whether it did. */
  withdraw: (() => boolean) | undefined;
  /** It was to follow another message over its connection, and its turn never came. */
  isUnbegun = false;
  #isDropped = false;

  constructor(count: number) {
    // Filled: what maps over the outcomes must see those that are still missing.
    this.#outcomes = new Array<Outcome | undefined>(count).fill(undefined);
    this.#open = Array.from({ length: count }, (_, index) => index);
  }

  get open(): readonly number[] {
    return this.#open;
  }

  /** A host failed as a whole: remembered for those whom no other host takes. */
  hostFailed(outcome: Outcome): void {
    this.#hostOutcome = outcome;
    if (this.remote !== undefined) this.failedHosts.push({ host: this.remote.name, outcome });
  }

  /** A session that had waited failed: that says nothing about the host. */
  forgetHost(): void {
    this.#hostOutcome = undefined;
  }

  /** Results of a transaction that carried the first of the open recipients, in their order. */
  transacted(report: TransactionReport): void {
    const stillOpen = this.#open.slice(report.results.length);
    let failure: Outcome | undefined;
    for (const [position, result] of report.results.entries()) {
      const index = this.#open[position];
      assert(index !== undefined, "a transaction settles recipients that were open");
      const outcome = recipientOutcome(result, { dsnOffered: report.dsnOffered });
      if (result.isInDoubt) this.inDoubt += 1;
      if (outcome.kind === "transient" && outcome.scope === "host") {
        failure = outcome;
        stillOpen.push(index);
      } else {
        this.#outcomes[index] = outcome;
      }
    }
    this.#open = stillOpen;
    if (failure !== undefined) this.hostFailed(failure);
  }

  /** Nothing more may be sent, but what is waiting for the reply to its final dot. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** True when nothing of it can come to anything any more: as if it had never begun. */
  drop(): boolean {
    this.#isDropped = true;
    const isWithdrawn = this.withdraw === undefined || this.withdraw();
    return isWithdrawn && this.#isUntouched;
  }

  /** Somebody has no outcome yet, and may be tried. */
  get isUnfinished(): boolean {
    return this.#open.length > 0 && !this.#isDropped && !this.isUnbegun;
  }

  /**
   * It ended without an outcome for anybody, because it was dropped, its turn never came, or a limit
   * was in its way.
   */
  get isVoid(): boolean {
    const isKept = this.limited !== undefined || this.hasNoSource;
    const isStopped = this.#isDropped || this.isUnbegun;
    return this.#isUntouched && (isStopped || (isKept && !this.#hostOutcome));
  }

  get #isUntouched(): boolean {
    return this.#open.length === this.#outcomes.length && this.inDoubt === 0;
  }

  /** Every recipient's outcome; the open ones get the last host's, or `otherwise`. */
  conclude(otherwise: Outcome): readonly Outcome[] {
    const open = this.#isDropped ? dropped : (this.#hostOutcome ?? otherwise);
    return this.#outcomes.map((outcome) => outcome ?? open);
  }
}
