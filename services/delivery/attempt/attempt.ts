/** One try of one unit: over a waiting session or the next hop's hosts in turn, to an outcome for each recipient. */
import { assert } from "#lib/assert";
import type { Outcome } from "#lib/queue/outcome";
import type { Recipient, Unit } from "#lib/queue/unit";
import type { ClientTransaction } from "#lib/smtp/client/step";
import type { DeliveryConfig } from "../config.ts";
import type { NextHops } from "./next-hops.ts";
import { recipientOutcome, sessionOutcome } from "./recipient-outcome.ts";
import {
  type RemoteHost,
  RemoteSession,
  type RemoteSessionPorts,
  type TransactionReport,
} from "./remote-session.ts";
import type { SessionPool } from "./session-pool.ts";

export interface AttemptReport {
  /** By index of the unit's recipients. */
  readonly outcomes: readonly Outcome[];
  /** `mx1.example.net[192.0.2.1]` of the host that answered last. */
  readonly remote?: string;
  /** Name of that host, for Remote-MTA. */
  readonly remoteName?: string;
  readonly tls?: string;
  readonly durationMs: number;
  /** Recipients whose final dot went unanswered (RFC 1047). */
  readonly inDoubt: number;
}

export interface AttemptPorts extends RemoteSessionPorts {
  readonly config: DeliveryConfig;
  readonly nextHops: NextHops;
  readonly pool: SessionPool;
}

/** What is known so far of a running attempt. */
class Progress {
  readonly #outcomes: (Outcome | undefined)[];
  /** Indexes without a lasting outcome: another host may still take them. */
  #open: number[];
  #hostOutcome: Outcome | undefined;
  remote: RemoteHost | undefined;
  tls: string | undefined;
  inDoubt = 0;

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
  }

  /** Results of a transaction that carried the open recipients, in their order. */
  transacted(report: TransactionReport): void {
    const stillOpen: number[] = [];
    for (const [position, index] of this.#open.entries()) {
      const result = report.results[position];
      assert(result !== undefined, "a transaction settles each recipient");
      const outcome = recipientOutcome(result, { dsnOffered: report.dsnOffered });
      if (result.isInDoubt) this.inDoubt += 1;
      if (outcome.kind === "transient" && outcome.scope === "host") {
        this.#hostOutcome = outcome;
        stillOpen.push(index);
      } else {
        this.#outcomes[index] = outcome;
      }
    }
    this.#open = stillOpen;
  }

  /** Every recipient's outcome; the open ones get the last host's, or `otherwise`. */
  conclude(otherwise: Outcome): readonly Outcome[] {
    return this.#outcomes.map((outcome) => outcome ?? this.#hostOutcome ?? otherwise);
  }
}

const noHost: Outcome = {
  kind: "transient",
  scope: "destination",
  status: "4.4.1",
  reason: "no host of the destination could be reached",
};

export class Attempts {
  readonly #ports: AttemptPorts;
  readonly #running = new Set<RemoteSession>();

  constructor(ports: AttemptPorts) {
    this.#ports = ports;
  }

  /** Never rejects for what a remote host does. */
  async attempt(unit: Unit, content: Uint8Array): Promise<AttemptReport> {
    const started = this.#ports.clock.monotonic();
    const progress = new Progress(unit.recipients.length);
    const wasTaken = await this.#overWaitingSession(unit, content, progress);
    let last: Outcome = noHost;
    if (!wasTaken) last = (await this.#overHosts(unit, content, progress)) ?? noHost;
    const { remote, tls, inDoubt } = progress;
    return {
      outcomes: progress.conclude(last),
      durationMs: this.#ports.clock.monotonic() - started,
      inDoubt,
      ...(remote === undefined
        ? {}
        : { remote: `${remote.name}[${remote.address}]`, remoteName: remote.name }),
      ...(tls === undefined ? {} : { tls }),
    };
  }

  /** Fenced: whatever has not sent its final dot stops now. */
  dropUncommitted(): void {
    for (const session of this.#running) session.dropUnlessCommitted();
  }

  async #overWaitingSession(unit: Unit, content: Uint8Array, progress: Progress): Promise<boolean> {
    const { pool } = this.#ports;
    for (;;) {
      const session = pool.take(unit.destination);
      if (session === undefined) return false;
      await this.#transact(session, { unit, content, progress });
      if (progress.open.length === 0) return true;
      // The session had died while it waited, which says nothing about the host: go on afresh.
    }
  }

  async #overHosts(
    unit: Unit,
    content: Uint8Array,
    progress: Progress,
  ): Promise<Outcome | undefined> {
    let tried = 0;
    for await (const candidate of this.#ports.nextHops.candidates(unit.destination)) {
      if (candidate.kind === "none") return candidate.outcome;
      progress.remote = candidate.host;
      const session = await this.#open(candidate.host, progress);
      if (session !== undefined) await this.#transact(session, { unit, content, progress });
      tried += 1;
      if (progress.open.length === 0) return undefined;
      if (tried >= this.#ports.config.limits.hostsPerAttemptMax) return undefined;
    }
    return undefined;
  }

  async #open(host: RemoteHost, progress: Progress): Promise<RemoteSession | undefined> {
    const { tls, hostname } = this.#ports.config;
    const settings = { hostname, protocol: host.protocol };
    let opened = await RemoteSession.open(host, { ...settings, tls }, this.#ports);
    if (opened.kind === "refused" && opened.failure.stage === "starttls" && tls !== "required") {
      // Opportunistic TLS (RFC 7435): a broken handshake must not keep mail from arriving.
      opened = await RemoteSession.open(host, { ...settings, tls: "never" }, this.#ports);
    }
    if (opened.kind === "session") return opened.session;
    progress.hostFailed(sessionOutcome(opened.failure));
    return undefined;
  }

  async #transact(
    session: RemoteSession,
    work: { unit: Unit; content: Uint8Array; progress: Progress },
  ): Promise<void> {
    const { unit, content, progress } = work;
    const { pool, config } = this.#ports;
    const recipients = progress.open.map((index) => recipientAt(unit, index));
    this.#running.add(session);
    const contentLineMax = session.host.protocol === "lmtp" ? 0 : config.limits.contentLineMax;
    const report = await session.transact(
      transactionOf(unit, { recipients, content, contentLineMax }),
    );
    this.#running.delete(session);
    progress.remote = session.host;
    progress.tls = session.tls;
    progress.transacted(report);
    if (!report.isReusable) return;
    if (session.transactions >= config.limits.messagesPerSessionMax) session.quit();
    else pool.put(unit.destination, session);
  }
}

function recipientAt(unit: Unit, index: number): Recipient {
  const recipient = unit.recipients[index];
  assert(recipient !== undefined, "an open index names a recipient");
  return recipient;
}

function transactionOf(
  unit: Unit,
  of: { recipients: readonly Recipient[]; content: Uint8Array; contentLineMax: number },
): ClientTransaction {
  const { reversePath, ret, envid, body, smtpUtf8 } = unit.envelope;
  return {
    reversePath,
    body,
    smtpUtf8,
    ...of,
    ...(ret === undefined ? {} : { ret }),
    ...(envid === undefined ? {} : { envid }),
  };
}
