/** One try of one unit: over a waiting session or the next hop's hosts in turn, to an outcome for each recipient. */
import type { Permit } from "#lib/limits/acquire";
import { ForgetfulMap } from "#lib/limits/forgetful-map";
import type { TlsInfo } from "#lib/net/transport";
import type { Outcome } from "#lib/queue/outcome";
import type { Uid, Unit } from "#lib/queue/unit";
import type { ClientSettings } from "#lib/smtp/client/step";
import type { Incarnation } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import type { Measures } from "../automation/measures.ts";
import type { DeliveryConfig } from "../config.ts";
import type { Source, Sources } from "../egress/sources.ts";
import type { Path } from "../path/paths.ts";
import { AttemptProgress, type FailedHost } from "./attempt-progress.ts";
import { Connections } from "./connections.ts";
import type { NextHops } from "./next-hops.ts";
import { type ConnectionLimits, oneConnection, type Pass, type Refused } from "./pass.ts";
import { sessionOutcome } from "./recipient-outcome.ts";
import {
  type Opened,
  type RemoteHost,
  RemoteSession,
  type RemoteSessionPorts,
} from "./remote-session.ts";
import type { Lent, SessionPool } from "./session-pool.ts";
import { SessionReuse } from "./session-reuse.ts";
import { transactionOf } from "./unit-transaction.ts";
import { allSkipped, closedAtOnce, noFamily, noHost } from "./untold-outcomes.ts";

export interface AttemptReport {
  /** By index of the unit's recipients. */
  readonly outcomes: readonly Outcome[];
  /** `mx1.example.net[192.0.2.1]` of the host that answered last. */
  readonly remote?: string;
  /** Name of that host, for Remote-MTA. */
  readonly remoteName?: string;
  /** Name of the egress source that it was tried from. */
  readonly source?: string;
  /** Of the pool that has this source. */
  readonly pool?: string | undefined;
  readonly tls?: TlsInfo;
  /** The same for all that went over one connection, of this incarnation or any other. */
  readonly sessionId?: string;
  /** ESMTP, ESMTPS, LMTP … (RFC 3848), when there was a transaction. */
  readonly transmission?: string;
  /** The source's own address, where it has one. */
  readonly sourceAddress?: string;
  readonly durationMs: number;
  /** Recipients whose final dot went unanswered (RFC 1047). */
  readonly inDoubt: number;
  /** It was given up before anything came of it: it counts as no attempt. */
  readonly isVoid: boolean;
  /** A limit kept it from a (further) connection. */
  readonly limited?: Refused;
  /** Hosts that failed as a whole, whether another took the mail or not. */
  readonly failedHosts?: readonly FailedHost[];
}

export interface AttemptPorts extends RemoteSessionPorts {
  readonly me: Incarnation;
  readonly log: Log;
  readonly config: DeliveryConfig;
  readonly nextHops: NextHops;
  readonly pool: SessionPool;
  readonly limits: ConnectionLimits;
  readonly measures: Pick<Measures, "isSkipped">;
  readonly sources: Sources;
}

/** One attempt's. */
interface Work {
  readonly unit: Unit;
  readonly content: Uint8Array;
  readonly path: Path;
  readonly progress: AttemptProgress;
  /** Of its pass, until it is used. */
  permit: Permit | undefined;
  readonly sent: Pass["sent"];
  /** Its session, when another unit may follow over that. */
  lent: Lent | undefined;
}

const plainMs = 3_600_000;

export class Attempts {
  readonly #ports: AttemptPorts;
  readonly #connections: Connections;
  readonly #reuse: SessionReuse;
  readonly #running = new Map<AttemptProgress, Uid>();
  readonly #sessionIds = new WeakMap<RemoteSession, string>();
  #sessions = 0;
  /** Addresses that are not offered TLS until then: the one connection that limits allow must do. */
  readonly #plainUntil = new ForgetfulMap<number>((until, now) => until <= now);

  constructor(ports: AttemptPorts) {
    this.#ports = ports;
    this.#connections = new Connections(ports.limits);
    this.#reuse = new SessionReuse({ ...ports, connections: this.#connections });
  }

  /** Those that are there or will be in a moment, idle ones included. */
  get connections(): Connections {
    return this.#connections;
  }

  /** Never rejects for what a remote host does. */
  async attempt(unit: Unit, content: Uint8Array, pass: Pass): Promise<AttemptReport> {
    const started = this.#ports.clock.monotonic();
    const progress = new AttemptProgress(unit.recipients.length);
    const { path, permit, sent } = pass;
    const work: Work = { unit, content, path, progress, permit, sent, lent: undefined };
    progress.source = this.#sourceOf(work);
    this.#running.set(progress, unit.uid);
    let last: Outcome | undefined;
    try {
      await this.#overWaitingSession(work, pass);
      if (progress.isUnfinished) last = await this.#overHosts(work);
    } finally {
      this.#running.delete(progress);
      if (work.permit !== undefined) this.#ports.limits.release(work.permit);
    }
    const { remote, tls, transmission, sessionId, inDoubt, limited, failedHosts } = progress;
    const sourceAddress = progress.source?.egress.address;
    return {
      outcomes: progress.conclude(last ?? noHost),
      durationMs: this.#ports.clock.monotonic() - started,
      inDoubt,
      isVoid: progress.isVoid,
      ...(failedHosts.length === 0 ? {} : { failedHosts }),
      ...(sourceAddress === undefined ? {} : { sourceAddress }),
      ...(limited === undefined ? {} : { limited }),
      ...(remote === undefined
        ? {}
        : { remote: `${remote.name}[${remote.address}]`, remoteName: remote.name }),
      ...(remote === undefined || path.subject.source === undefined
        ? {}
        : { source: path.subject.source, pool: this.#ports.sources.poolOf(unit)?.name }),
      ...(tls === undefined ? {} : { tls }),
      ...(transmission === undefined ? {} : { transmission }),
      ...(sessionId === undefined ? {} : { sessionId }),
    };
  }

  /** Undefined: it is not being tried. The host is unknown before the first is asked. */
  tryingAt(uid: Uid): { readonly host: RemoteHost | undefined } | undefined {
    for (const [{ remote, session }, running] of this.#running) {
      if (running === uid) return { host: session?.host ?? remote };
    }
    return undefined;
  }

  /** A connection that counts under this key is wanted: one that leaves, or is idle, makes room. */
  makeRoom(key: string): void {
    if (!this.#connections.hurry(key)) this.#evict(key);
  }

  /** One will be wanted in a moment: who leaves has the time for it. */
  makeRoomSoon(key: string): void {
    if (!this.#connections.isLeaving(key)) this.#evict(key);
  }

  #evict(key: string): void {
    this.#ports.pool.evict((session) => this.#connections.holds(session, key));
  }

  /** These sources are gone, or others: what is open from them ends with what runs. */
  retire(sources: ReadonlySet<string>): void {
    if (sources.size === 0) return;
    this.#connections.retire(
      ({ subject: { source } }) => source !== undefined && sources.has(source),
    );
    this.#ports.pool.closeThose((session) => this.#connections.isExcess(session));
  }

  /**
   * Fenced, or out of time: whatever has not sent its final dot stops now; all, or those meant.
   * Tells which of them count as never begun.
   */
  dropUncommitted(isMeant: (uid: Uid) => boolean = () => true): readonly Uid[] {
    const meant = [...this.#running].filter(([, uid]) => isMeant(uid));
    return meant.flatMap(([progress, uid]) => (progress.drop() ? [uid] : []));
  }

  async #overWaitingSession(work: Work, pass: Pass): Promise<void> {
    const { pool } = this.#ports;
    const session = pass.session ?? pool.take(work.path.connectionKey);
    if (session === undefined || !work.progress.isUnfinished) return;
    // Whom it follows may be at the next host by now, in the place that both have.
    if (pass.follows !== undefined && !session.isOpen) work.progress.isUnbegun = true;
    else await this.#transact(session, work);
    // It may have died while it waited: go on afresh. Not over the next one that waits: a message at
    // which the host breaks off would end them all.
    work.progress.forgetHost();
  }

  async #overHosts(work: Work): Promise<Outcome | undefined> {
    const { unit, progress } = work;
    let tried = 0;
    let skipped: Outcome | undefined;
    for await (const candidate of this.#ports.nextHops.candidates(unit.destination)) {
      if (candidate.kind === "none") return candidate.outcome;
      if (!progress.isUnfinished) return undefined;
      if (this.#ports.measures.isSkipped(candidate.host.name, work.path.subject)) {
        skipped = allSkipped;
        continue;
      }
      progress.remote = candidate.host;
      const source = this.#sourceOf(work);
      if (source === undefined && work.path.subject.source !== undefined) {
        // It went at a reload: the mail has another by now, and must not go from just anywhere.
        progress.hasNoSource = true;
        return undefined;
      }
      progress.source = source;
      if (!canReach(source, candidate.host)) {
        skipped = noFamily;
        continue;
      }
      const session = await this.#open(candidate.host, work, source);
      if (session !== undefined) await this.#transact(session, work);
      tried += 1;
      const isStopped = progress.limited !== undefined || progress.hasNoSource;
      if (!progress.isUnfinished || isStopped) return undefined;
      if (tried >= this.#ports.config.limits.hostsPerAttemptMax) return undefined;
    }
    return skipped;
  }

  #sourceOf({ path }: Work): Source | undefined {
    const { source } = path.subject;
    return source === undefined ? undefined : this.#ports.sources.get(source);
  }

  async #open(
    host: RemoteHost,
    work: Work,
    source: Source | undefined,
  ): Promise<RemoteSession | undefined> {
    const { config, clock } = this.#ports;
    const isPlain = (this.#plainUntil.get(host.address) ?? 0) > clock.monotonic();
    const tls = isPlain && config.tls === "opportunistic" ? "never" : config.tls;
    const way = { host, source };
    let opened = await this.#connect(way, work, tls);
    if (opened?.kind === "refused" && opened.failure.stage === "starttls" && tls !== "required") {
      // Opportunistic TLS (RFC 7435): a broken handshake must not keep mail from arriving.
      const plain = await this.#connect(way, work, "never");
      if (plain === undefined) this.#goPlainNextTime(host);
      opened = plain ?? opened;
    }
    if (source !== undefined && opened !== undefined) this.#tellSource(source, opened, work);
    if (opened?.kind === "session") return opened.session;
    if (opened !== undefined && !work.progress.hasNoSource) {
      work.progress.hostFailed(sessionOutcome(opened.failure));
    }
    return undefined;
  }

  /** Else each attempt would spend the only connection that a limit allows on the same handshake. */
  #goPlainNextTime({ address }: RemoteHost): void {
    const now = this.#ports.clock.monotonic();
    this.#plainUntil.set(address, now + plainMs, now);
  }

  /** A way out that cannot be used is no fault of the host's. */
  #tellSource({ name }: Source, opened: Opened, { progress }: Work): void {
    const { sources, log } = this.#ports;
    if (opened.kind === "session") return sources.succeeded(name);
    if (!opened.isEgress) return;
    progress.hasNoSource = true;
    const { reason } = opened.failure;
    if (sources.failed(name, reason)) log.warn("source_failed", { source: name, reason });
  }

  /**
   * There are never more sessions than so many in all, those that wait included, nor more than the
   * limits allow; undefined: they do not allow one now.
   */
  async #connect(
    { host, source }: { readonly host: RemoteHost; readonly source: Source | undefined },
    work: Work,
    tls: ClientSettings["tls"],
  ): Promise<Opened | undefined> {
    const { config, pool } = this.#ports;
    const permit = this.#permit(work);
    if (permit === undefined) return undefined;
    const inUse = this.#connections.count - pool.size;
    pool.shrink(Math.max(0, config.limits.sessionsMax - inUse - 1));
    const place = this.#connections.place(work.path, permit);
    const hostname = source?.hostname ?? config.hostname;
    const settings = { hostname, protocol: host.protocol, tls };
    const egress = source === undefined ? {} : { egress: source.egress };
    const ports = { ...this.#ports, watcher: place, ...egress };
    try {
      return await RemoteSession.open(host, settings, ports);
    } finally {
      place.release();
    }
  }

  /** That of the pass comes first; each further connection needs its own. */
  #permit(work: Work): Permit | undefined {
    const { permit, path, progress } = work;
    work.permit = undefined;
    if (permit !== undefined) return permit;
    const { limits } = this.#ports;
    let acquired = limits.acquire(path.bound, oneConnection);
    // Ours of a moment ago may be leaving still.
    if (acquired.kind === "refused" && this.#connections.hurry(acquired.binding.key)) {
      acquired = limits.acquire(path.bound, oneConnection);
    }
    if (acquired.kind === "granted") return acquired.permit;
    progress.limited = acquired;
    return undefined;
  }

  async #transact(session: RemoteSession, work: Work): Promise<void> {
    const { progress, path } = work;
    // While it was opened the shard may have been lost.
    if (progress.isDropped) return session.quit();
    if (!session.isOpen) return progress.hostFailed(closedAtOnce);
    let isReusable = false;
    work.lent = undefined;
    try {
      isReusable = await this.#transactions(session, work);
    } finally {
      const isOurs = this.#reuse.isOurs(session, work.lent);
      // Nobody else has it: its place must not be held by one that nobody uses.
      if (isOurs && !isReusable && session.isOpen) session.quit();
      if (isOurs && isReusable) this.#reuse.keep(session, path);
    }
  }

  /** One, or as many as the recipients need. True when the session may be used again. */
  async #transactions(session: RemoteSession, work: Work): Promise<boolean> {
    const { unit, content, progress, path } = work;
    const { protocol, isRouted } = session.host;
    const { limits } = this.#ports.config;
    const contentLineMax = protocol === "lmtp" || isRouted ? 0 : limits.contentLineMax;
    let isReusable = true;
    for (let left = progress.open.length; left > 0 && isReusable; ) {
      const indexes = progress.open.slice(0, Math.min(left, path.recipientsPerTransaction));
      const transaction = transactionOf(unit, { indexes, content, contentLineMax });
      const isLast = indexes.length === left;
      progress.session = session;
      progress.withdraw = () => session.dropUnlessCommitted(transaction);
      const report = await session.transact(transaction, () => isLast && this.#lend(session, work));
      progress.session = undefined;
      progress.withdraw = undefined;
      const { following = "begun" } = report;
      const isHeard = this.#reuse.heard(session, report);
      progress.isUnbegun = following !== "begun";
      if (progress.isUnbegun) return false;
      isReusable = report.isReusable && !progress.isDropped;
      if (!isHeard) continue;
      progress.remote = session.host;
      progress.tls = session.tls;
      progress.transmission = session.transmission;
      progress.sessionId = this.#sessionIdOf(session);
      progress.transacted(report);
      left -= indexes.length;
    }
    return isReusable;
  }

  #sessionIdOf(session: RemoteSession): string {
    const known = this.#sessionIds.get(session);
    if (known !== undefined) return known;
    this.#sessions += 1;
    const id = `${this.#ports.me}/${this.#sessions}`;
    this.#sessionIds.set(session, id);
    return id;
  }

  #lend(session: RemoteSession, work: Work): void {
    const { path, sent } = work;
    if (sent === undefined) return;
    work.lent = this.#reuse.lend(session, path);
    if (work.lent !== undefined) sent(work.lent);
  }
}

/** From an IPv4 address nobody reaches an IPv6 one. */
function canReach(source: Source | undefined, { address }: RemoteHost): boolean {
  const own = source?.egress.address;
  return own === undefined || own.includes(":") === address.includes(":");
}
