/**
 * The shards that this worker gives back: a few at once, each once, and at the worker's end within a
 * limit of time. Beyond that limit the successor takes them as from the dead, by the seal of our
 * journal (ADR 0011).
 */
import type { Clock } from "#lib/clock";
import type { Shard } from "#lib/queue/unit";
import { rejectOnAbort } from "#lib/stream/waiters";
import type { Log } from "#lib/telemetry/log";
import { Turns } from "#lib/turns";
import type { Timings } from "./config.ts";
import type { DeliveryMetrics } from "./metrics.ts";
import type { ShardOwner } from "./shard/owner.ts";

/** Shards that are handed over at once. */
const handOversMax = 8;
/** A hand-over that takes longer does not keep others from beginning. */
const turnMs = 1_000;
/** Beyond the drain time, for the last records and writes (no call of the store takes longer, ADR 0006). */
const writingMs = 5_000;

export interface HandOversPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: DeliveryMetrics;
  readonly timings: Timings;
  readonly ownerOf: (shard: Shard) => ShardOwner | undefined;
  /** It is ours no more, in good order or not. */
  readonly done: (shard: Shard) => void;
}

export class HandOvers {
  readonly #ports: HandOversPorts;
  readonly #limit = new AbortController();
  readonly #turns = new Turns(handOversMax);
  readonly #running = new Map<Shard, Promise<boolean>>();
  /** Not released: what they have on its way to the store is to be waited for. */
  readonly #givenUp: ShardOwner[] = [];

  constructor(ports: HandOversPorts) {
    this.#ports = ports;
  }

  /** Aborts when there is no more time for good order. */
  get limit(): AbortSignal {
    return this.#limit.signal;
  }

  /** From now on; the result lifts it. */
  limitTime(): () => void {
    const { clock, log, timings } = this.#ports;
    const limitMs = timings.drainMs + writingMs;
    return clock.after(limitMs, () => {
      log.warn("hand_over_given_up", { limit_ms: limitMs });
      this.#limit.abort(new Error("the time for an orderly hand-over is over"));
    });
  }

  /** False when it could not be told that the shard is free. */
  giveBack(shard: Shard): Promise<boolean> {
    let handOver = this.#running.get(shard);
    if (handOver === undefined) {
      handOver = this.#inTurn(shard).finally(() => this.#running.delete(shard));
      this.#running.set(shard, handOver);
    }
    return handOver;
  }

  /** Resolves when nothing of what was given up is on its way to the store; false when that takes too long. */
  async areQuiet(): Promise<boolean> {
    const quiet = Promise.all(this.#givenUp.map((owner) => owner.quiet()));
    return await this.inTime("not_quiet", () => quiet);
  }

  /** What is done for the last time must not take for ever. */
  async inTime(what: string, act: () => Promise<unknown>): Promise<boolean> {
    const { clock, log } = this.#ports;
    const limit = new AbortController();
    const cancel = clock.after(writingMs, () => limit.abort(new Error("it takes too long")));
    try {
      await rejectOnAbort(act(), limit.signal);
      return true;
    } catch (error) {
      log.warn(what, { error: String(error) });
      return false;
    } finally {
      cancel();
    }
  }

  /** Each shard stands still for its own hand-over only. */
  #inTurn(shard: Shard): Promise<boolean> {
    return new Promise((resolve) => {
      void this.#turns.run(1, async () => {
        const done = this.#handOver(shard);
        resolve(done);
        const turn = new AbortController();
        const turnIsOver = this.#ports.clock.sleep(turnMs, turn.signal).catch(() => undefined);
        await Promise.race([done, turnIsOver]);
        turn.abort();
      });
    });
  }

  /** Never rejects. */
  async #handOver(shard: Shard): Promise<boolean> {
    const { clock, metrics, ownerOf, done } = this.#ports;
    const owner = ownerOf(shard);
    if (owner === undefined) return true;
    const since = clock.monotonic();
    const isReleased = await this.#release(owner);
    metrics.handedOver(clock.monotonic() - since, isReleased);
    done(shard);
    return isReleased;
  }

  async #release(owner: ShardOwner): Promise<boolean> {
    const { clock, log } = this.#ports;
    const { shard } = owner;
    const since = clock.monotonic();
    try {
      await owner.stop(this.#limit.signal);
      const durationMs = Math.round(clock.monotonic() - since);
      log.info("shard_released", { shard, floor: owner.floor, duration_ms: durationMs });
      return true;
    } catch (error) {
      this.#givenUp.push(owner);
      log.error("shard_release_failed", { shard, error: String(error) });
      owner.fence();
      return false;
    }
  }
}
