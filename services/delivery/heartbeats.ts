/**
 * Tells that this incarnation lives, beside everything else it does: a takeover or a hand-over that
 * takes its time must not look like death. And draws the consequences when it cannot (DESIGN §5):
 * start nothing new, then drop what is uncommitted, then start afresh.
 */
import type { CancelTimer, Clock } from "#lib/clock";
import type { Leases, Standing } from "#lib/leases/leases";
import type { Incarnation } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import type { Timings } from "./config.ts";
import type { Tenure } from "./tenure.ts";

const watchMs = 1_000;

export interface HeartbeatsPorts {
  readonly me: Incarnation;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Log;
  readonly timings: Timings;
  readonly tenure: Tenure;
  /** Nothing new may be started, or it may again. */
  readonly pause: (isPaused: boolean) => void;
  /** What has not sent its final dot must stop. */
  readonly dropUncommitted: () => unknown;
  /** Nothing of this incarnation counts any more. */
  readonly expired: () => void;
}

export class Heartbeats {
  readonly #ports: HeartbeatsPorts;
  #cancelBeat: CancelTimer | undefined;
  #cancelWatch: CancelTimer | undefined;
  #isStopped = false;
  #isPaused = false;
  #standing: Standing = "staying";

  constructor(ports: HeartbeatsPorts) {
    this.#ports = ports;
  }

  /** Resolves after the first one, whether it was heard or not. */
  start(): Promise<void> {
    this.#watch();
    return this.#beat();
  }

  /** Says at once that it hands its shards over. Never rejects: the next heartbeat says it again. */
  async leaving(): Promise<void> {
    this.#standing = "leaving";
    await this.#tell();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelBeat?.();
    this.#cancelWatch?.();
  }

  async #beat(): Promise<void> {
    const { clock, timings } = this.#ports;
    await this.#tell();
    if (!this.#isStopped) this.#cancelBeat = clock.after(timings.heartbeatMs, this.#beatAgain);
  }

  async #tell(): Promise<void> {
    const { leases, me, clock, tenure, log } = this.#ports;
    const sentAt = clock.monotonic();
    try {
      await leases.heartbeat(me, this.#standing);
      tenure.heard(sentAt);
    } catch (error) {
      log.error("heartbeat_failed", { error: String(error) });
    }
  }

  readonly #beatAgain = (): void => void this.#beat();

  /** Our own clock decides: a heartbeat may hang on a dead connection. */
  #watch(): void {
    const { clock, timings, tenure, log } = this.#ports;
    if (tenure.isExpired) {
      this.#ports.expired();
      return;
    }
    const { silentMs } = tenure;
    const isSilent = silentMs >= timings.pauseWithoutHeartbeatMs;
    if (isSilent !== this.#isPaused) {
      this.#isPaused = isSilent;
      this.#ports.pause(isSilent);
      log.warn(isSilent ? "worker_paused" : "worker_resumed", { silent_ms: silentMs });
    }
    if (!tenure.isSure) this.#ports.dropUncommitted();
    this.#cancelWatch = clock.after(watchMs, () => this.#watch());
  }
}
