/** One try of one unit: over a waiting session or the next hop's hosts in turn, to an outcome for each recipient. */
import { assert } from "#lib/assert";
import type { Outcome } from "#lib/queue/outcome";
import type { Destination, Recipient, Uid, Unit } from "#lib/queue/unit";
import type { ClientSettings, ClientTransaction } from "#lib/smtp/client/step";
import type { DeliveryConfig } from "../config.ts";
import { AttemptProgress } from "./attempt-progress.ts";
import type { NextHops } from "./next-hops.ts";
import { OpenSessions } from "./open-sessions.ts";
import { sessionOutcome } from "./recipient-outcome.ts";
import {
  type Opened,
  type RemoteHost,
  RemoteSession,
  type RemoteSessionPorts,
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
  /** It was given up before anything came of it: it counts as no attempt. */
  readonly isVoid: boolean;
}

export interface AttemptPorts extends RemoteSessionPorts {
  readonly config: DeliveryConfig;
  readonly nextHops: NextHops;
  readonly pool: SessionPool;
}

const noHost: Outcome = {
  kind: "transient",
  scope: "destination",
  status: "4.4.1",
  reason: "no host of the destination could be reached",
};

const closedAtOnce: Outcome = {
  kind: "transient",
  scope: "host",
  status: "4.4.2",
  reason: "connection closed by the remote host",
};

export class Attempts {
  readonly #ports: AttemptPorts;
  readonly #sessions = new OpenSessions();
  readonly #running = new Map<AttemptProgress, Uid>();

  constructor(ports: AttemptPorts) {
    this.#ports = ports;
  }

  /** Never rejects for what a remote host does. */
  async attempt(unit: Unit, content: Uint8Array): Promise<AttemptReport> {
    const started = this.#ports.clock.monotonic();
    const progress = new AttemptProgress(unit.recipients.length);
    this.#running.set(progress, unit.uid);
    let last: Outcome | undefined;
    try {
      await this.#overWaitingSessions(unit, content, progress);
      if (isUnfinished(progress)) last = await this.#overHosts(unit, content, progress);
    } finally {
      this.#running.delete(progress);
    }
    const { remote, tls, inDoubt } = progress;
    return {
      outcomes: progress.conclude(last ?? noHost),
      durationMs: this.#ports.clock.monotonic() - started,
      inDoubt,
      isVoid: progress.isVoid,
      ...(remote === undefined
        ? {}
        : { remote: `${remote.name}[${remote.address}]`, remoteName: remote.name }),
      ...(tls === undefined ? {} : { tls }),
    };
  }

  /**
   * Fenced, or out of time: whatever has not sent its final dot stops now; all, or those meant.
   * Tells which of them count as never begun.
   */
  dropUncommitted(isMeant: (uid: Uid) => boolean = () => true): readonly Uid[] {
    const meant = [...this.#running].filter(([, uid]) => isMeant(uid));
    return meant.flatMap(([progress, uid]) => (progress.drop() ? [uid] : []));
  }

  async #overWaitingSessions(
    unit: Unit,
    content: Uint8Array,
    progress: AttemptProgress,
  ): Promise<void> {
    while (isUnfinished(progress)) {
      const session = this.#ports.pool.take(unit.destination);
      if (session === undefined) return;
      // It may have died while it waited, which says nothing about the host: go on afresh.
      await this.#transact(session, { unit, content, progress });
    }
  }

  async #overHosts(
    unit: Unit,
    content: Uint8Array,
    progress: AttemptProgress,
  ): Promise<Outcome | undefined> {
    let tried = 0;
    for await (const candidate of this.#ports.nextHops.candidates(unit.destination)) {
      if (candidate.kind === "none") return candidate.outcome;
      if (!isUnfinished(progress)) return undefined;
      progress.remote = candidate.host;
      const session = await this.#open(candidate.host, { unit, progress });
      if (session !== undefined) await this.#transact(session, { unit, content, progress });
      tried += 1;
      if (!isUnfinished(progress) || tried >= this.#ports.config.limits.hostsPerAttemptMax) {
        return undefined;
      }
    }
    return undefined;
  }

  async #open(
    host: RemoteHost,
    { unit, progress }: { unit: Unit; progress: AttemptProgress },
  ): Promise<RemoteSession | undefined> {
    const { tls } = this.#ports.config;
    let opened = await this.#connect(host, unit.destination, tls);
    if (opened.kind === "refused" && opened.failure.stage === "starttls" && tls !== "required") {
      // Opportunistic TLS (RFC 7435): a broken handshake must not keep mail from arriving.
      opened = await this.#connect(host, unit.destination, "never");
    }
    if (opened.kind === "session") return opened.session;
    progress.hostFailed(sessionOutcome(opened.failure));
    return undefined;
  }

  /** There are never more sessions than so many in all, those that wait included, and with a destination. */
  async #connect(
    host: RemoteHost,
    destination: Destination,
    tls: ClientSettings["tls"],
  ): Promise<Opened> {
    const { config, pool } = this.#ports;
    const { sessionsMax, sessionsPerDestinationMax } = config.limits;
    pool.shrink(Math.max(0, sessionsMax - this.#running.size));
    const place = await this.#sessions.take(destination, sessionsPerDestinationMax);
    const settings = { hostname: config.hostname, protocol: host.protocol, tls };
    const ports = { ...this.#ports, watcher: place };
    try {
      return await RemoteSession.open(host, settings, ports);
    } finally {
      place.release();
    }
  }

  async #transact(
    session: RemoteSession,
    work: { unit: Unit; content: Uint8Array; progress: AttemptProgress },
  ): Promise<void> {
    const { unit, content, progress } = work;
    const { pool, config } = this.#ports;
    // While it was opened the shard may have been lost.
    if (progress.isDropped) return session.quit();
    if (!session.isOpen) return progress.hostFailed(closedAtOnce);
    const recipients = progress.open.map((index) => recipientAt(unit, index));
    const { protocol, isRouted } = session.host;
    const contentLineMax = protocol === "lmtp" || isRouted ? 0 : config.limits.contentLineMax;
    progress.session = session;
    const report = await session.transact(
      transactionOf(unit, { recipients, content, contentLineMax }),
    );
    progress.session = undefined;
    progress.remote = session.host;
    progress.tls = session.tls;
    progress.transacted(report);
    if (!report.isReusable) return;
    if (session.transactions >= config.limits.messagesPerSessionMax) session.quit();
    else pool.put(unit.destination, session);
  }
}

function isUnfinished({ open, isDropped }: AttemptProgress): boolean {
  return open.length > 0 && !isDropped;
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
