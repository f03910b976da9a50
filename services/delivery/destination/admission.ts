/**
 * Lets go what may go now: under all its limits at once (ADR 0012), with a connection that waits or
 * may be opened. What is refused waits in its lane until it is worth asking again.
 */
import type { InForceEntry } from "#lib/automation/in-force";
import type { Measure } from "#lib/automation/measure";
import type { CancelTimer, Clock } from "#lib/clock";
import type { BoundLimit, Spent } from "#lib/limits/acquire";
import type { Demand } from "#lib/limits/limit";
import type { Shard, Time } from "#lib/queue/unit";
import type { Attempts } from "../attempt/attempt.ts";
import { oneConnection, type Pass, type Refused } from "../attempt/pass.ts";
import type { Lent, SessionPool } from "../attempt/session-pool.ts";
import type { Measures } from "../automation/measures.ts";
import type { Sources } from "../egress/sources.ts";
import type { WorkerLimits } from "../limits/worker-limits.ts";
import type { Path, Paths } from "../path/paths.ts";
import type { Site } from "../path/site.ts";
import type { QueuedUnit } from "../shard/queued-unit.ts";
import type { DestinationQueue } from "./destination-queue.ts";
import type { Lane } from "./ready-queue.ts";
import { isOfConnections, WaitingLanes, type WaitingTogether } from "./waiting-lanes.ts";

/** What keeps a lane back: a limit, or a rule on replies that has held it. */
export interface Wait {
  readonly by: BoundLimit | Measure | BrokenSource;
  readonly since: Time;
  /** On the monotonic clock; `Infinity`: until something else happens than time. */
  readonly until: number;
  readonly cancel: CancelTimer;
}

/** Every source that its mail might have is broken. */
export interface BrokenSource {
  readonly source: string;
  readonly reason: string;
}

/** A unit that may go, and what it goes with. */
export interface Departure {
  readonly queued: QueuedUnit;
  readonly lane: Lane;
  readonly pass: Pass;
}

export interface AdmissionPorts {
  readonly shard: Shard;
  readonly clock: Clock;
  readonly paths: Paths;
  readonly limits: WorkerLimits;
  readonly pool: SessionPool;
  readonly attempts: Attempts;
  readonly measures: Pick<Measures, "heldBy">;
  readonly sources: Sources;
  /** A lane of this destination may go on. */
  readonly dispatch: (queue: DestinationQueue) => void;
}

export class Admission {
  readonly #ports: AdmissionPorts;
  readonly #held = new Set<() => void>();
  readonly #waiting = new WaitingLanes();

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  /** With `lent`: what may follow over that session, which is what it will go over. */
  next(queue: DestinationQueue, lent?: Lent): Departure | undefined {
    const site = queue.located?.site;
    if (site === undefined || lent?.isTaken === true) return undefined;
    let departure: Omit<Departure, "queued"> | undefined;
    const queued = queue.take((candidate, lane) => {
      const path = this.#mayGo(queue, { candidate, lane, site });
      if (path === undefined) return false;
      // Whose turn it is comes first, over another session.
      if (lent !== undefined && !mayUse(path, lent)) return undefined;
      const pass = this.#pass(queue, { candidate, lane, path, lent });
      if (pass === undefined) return false;
      departure = { lane, pass };
      return true;
    });
    return queued === undefined || departure === undefined ? undefined : { queued, ...departure };
  }

  /** An attempt that had begun was kept from a connection: its lane waits. */
  refuse(queue: DestinationQueue, lane: Lane, refused: Refused): void {
    if (lane.wait !== undefined) return;
    const others = lane.path && this.#waiting.find(queue, lane.path, false);
    if (others !== undefined) this.#join(queue, lane, others);
    else this.#wait(queue, lane, { refused, demand: oneConnection });
  }

  /** It was not used. */
  giveBack({ path, session, permit, spent, follows }: Pass): void {
    const { limits, pool, attempts } = this.#ports;
    limits.giveBackSpent(spent);
    if (follows !== undefined && session?.isBusy === true) pool.giveBack(follows);
    else if (session?.isOpen === true) {
      // Its source may be another since it was taken.
      if (attempts.connections.isExcess(session)) session.quit();
      else pool.put(path.connectionKey, session, path.settings.idleMs);
    }
    if (permit !== undefined) limits.release(permit);
  }

  /** What holds may have ended, or sources be others. */
  lookAgain(): void {
    for (const wake of [...this.#held]) wake();
  }

  /** Nothing of this destination is waited for any more. */
  forget(queue: DestinationQueue): void {
    for (const lane of queue.lanes) {
      lane.wait?.cancel();
      lane.wait = undefined;
      queue.unblock(lane);
    }
  }

  #wait(
    queue: DestinationQueue,
    lane: Lane,
    { refused, demand }: { refused: Refused; demand: Demand },
  ): void {
    const { limits, pool, attempts, dispatch } = this.#ports;
    const group = this.#waiting.open(queue, refused, lane.path);
    const { cancels } = group;
    const wake = () => {
      end(group);
      for (const each of group.lanes) {
        each.wait = undefined;
        queue.unblock(each);
      }
      dispatch(queue);
    };
    this.#join(queue, lane, group);
    const units = isOfAll(refused) ? queue.readyCount : lane.units.length;
    const most = demand.connections === 1 ? queue.window : units;
    const times = Math.max(1, Math.min(most, units));
    const isNext = () => this.#prepare(queue, lane);
    cancels.push(limits.whenWorthAsking(refused, { demand, times, isNext }, wake));
    if ((demand.connections ?? 0) === 0) return;
    const key = lane.path?.connectionKey;
    if (key !== undefined) cancels.push(pool.whenIdle(key, wake));
    // One of another site or source may be idle, and hold the place.
    const { limit, key: counted } = refused.binding;
    // Not at once: what it frees wakes others, in the middle of our taking.
    if (limit.kind === "connections") queueMicrotask(() => attempts.makeRoom(counted));
  }

  /** Nobody waits before it: when it is woken there is to be a place for its connection. */
  #prepare(queue: DestinationQueue, { path }: Lane): void {
    const { limits, pool, attempts } = this.#ports;
    if (path === undefined || queue.readyCount === 0 || queue.running >= queue.window) return;
    const key = path.connectionKey;
    if (pool.has(key) || pool.peekLent(key) !== undefined) return;
    for (const full of limits.fullOf(path.bound)) attempts.makeRoomSoon(full);
  }

  #join(queue: DestinationQueue, lane: Lane, group: WaitingTogether): void {
    const { binding: by, until } = group.refused;
    const cancel = () => {
      if (group.lanes.delete(lane) && group.lanes.size === 0) end(group);
    };
    group.lanes.add(lane);
    lane.wait = { by, until, since: this.#ports.clock.now(), cancel };
    queue.block(lane);
  }

  #hold(queue: DestinationQueue, lane: Lane, { measure, endsAt }: InForceEntry): void {
    const cancels: CancelTimer[] = [];
    const wake = this.#keepBack(queue, lane, { by: measure, until: endsAt, cancels });
    this.#held.add(wake);
    cancels.push(() => void this.#held.delete(wake));
  }

  /** False when mail of this lane goes from elsewhere by now, or waits for its source. */
  #hasSource(queue: DestinationQueue, { unit }: QueuedUnit, lane: Lane): boolean {
    const { sources, clock, dispatch } = this.#ports;
    const { source } = lane.of;
    if (sources.choose(unit, queue.located?.site.provider) !== source) {
      queue.block(lane);
      // Not at once: we are in the middle of a taking.
      queueMicrotask(() => {
        queue.unblock(lane);
        queue.relane(lane);
        dispatch(queue);
      });
      return false;
    }
    const broken = sources.broken(source);
    if (broken === undefined) return true;
    const { reason, until } = broken;
    const cancels: CancelTimer[] = [];
    const wake = this.#keepBack(queue, lane, { by: { source, reason }, until, cancels });
    this.#held.add(wake);
    cancels.push(clock.after(until - clock.monotonic(), wake), () => void this.#held.delete(wake));
    return false;
  }

  /** The lane waits; the result lets it go on. */
  #keepBack(
    queue: DestinationQueue,
    lane: Lane,
    wait: Pick<Wait, "by" | "until"> & { readonly cancels: readonly CancelTimer[] },
  ): () => void {
    const { clock, dispatch } = this.#ports;
    const { by, until, cancels } = wait;
    const cancel = () => {
      for (const each of cancels) each();
    };
    lane.wait = { by, until, since: clock.now(), cancel };
    queue.block(lane);
    return () => {
      cancel();
      lane.wait = undefined;
      queue.unblock(lane);
      dispatch(queue);
    };
  }

  /** The way of the lane's mail, if nothing but limits may keep it. */
  #mayGo(
    queue: DestinationQueue,
    { candidate, lane, site }: { candidate: QueuedUnit; lane: Lane; site: Site },
  ): Path | undefined {
    const { measures, sources } = this.#ports;
    if ((lane.of.source !== "" || sources.arePooled) && !this.#hasSource(queue, candidate, lane))
      return undefined;
    const path = this.#pathOf(queue, lane, site);
    const held = measures.heldBy(path.subject);
    if (held === undefined) return path;
    this.#hold(queue, lane, held);
    return undefined;
  }

  #pass(
    queue: DestinationQueue,
    of: { candidate: QueuedUnit; lane: Lane; path: Path; lent: Lent | undefined },
  ): Pass | undefined {
    const { limits, pool, attempts } = this.#ports;
    const { candidate, lane, path, lent } = of;
    const hasSession = lent !== undefined || pool.has(path.connectionKey);
    const others = this.#waiting.find(queue, path, hasSession);
    if (others !== undefined) {
      this.#join(queue, lane, others);
      return undefined;
    }
    const demand = demandOf(candidate, path, hasSession ? 0 : 1);
    const acquired = limits.acquire(path.bound, demand);
    if (acquired.kind === "granted") {
      const { permit, spent } = acquired;
      return hasSession
        ? this.#over(path, spent, lent)
        : { path, session: undefined, permit, spent };
    }
    // Where no further connection may be, one that awaits a reply will do.
    const isForConnection =
      demand.connections === 1 && isOfConnections(acquired.binding.limit.kind);
    const other = isForConnection ? pool.peekLent(path.connectionKey) : undefined;
    if (other !== undefined && !attempts.connections.isExcess(other.session))
      return this.#pass(queue, { ...of, lent: other });
    this.#wait(queue, lane, { refused: acquired, demand });
    return undefined;
  }

  #over(path: Path, spent: Spent, lent: Lent | undefined): Pass {
    const { pool } = this.#ports;
    const common = { path, permit: undefined, spent };
    if (lent === undefined) return { ...common, session: pool.take(path.connectionKey) };
    pool.takeLent(lent);
    return { ...common, session: lent.session, follows: lent };
  }

  #pathOf(queue: DestinationQueue, lane: Lane, site: Site): Path {
    const { paths, shard } = this.#ports;
    if (lane.path === undefined || !paths.isCurrent(lane.path, site)) {
      lane.path = paths.path({ lane: lane.of, destination: queue.destination, site, shard });
      const { concurrencyFirst: first, concurrencyMax: max } = lane.path.settings;
      queue.windowBounds = { first, max };
    }
    return lane.path;
  }
}

function end({ cancels }: WaitingTogether): void {
  for (const cancel of cancels) cancel();
}

/** All mail of the destination counts under it. */
function isOfAll({ binding: { limit } }: Refused): boolean {
  return limit.scope.every((each) => each === "destination" || each === "provider");
}

/** A message with more recipients than one transaction may have counts once for each it takes. */
function demandOf({ unit }: QueuedUnit, path: Path, connections: 0 | 1): Demand {
  const recipients = unit.recipients.length;
  return {
    messages: Math.ceil(recipients / path.recipientsPerTransaction) || 1,
    recipients,
    bytes: unit.sizeBytes,
    connections,
    newConnections: connections,
  };
}

function mayUse({ connectionKey, messagesPerConnection }: Path, { key, session }: Lent): boolean {
  const isLeft = session.isOpen && session.transactions < messagesPerConnection;
  return connectionKey === key && isLeft;
}
