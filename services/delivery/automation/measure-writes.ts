/**
 * What was started here on its way to the other workers and into the store. In batches: a storm of
 * refusals may start hundreds, and must not wait for itself.
 */
import type { Measure } from "#lib/automation/measure";
import type { Clock } from "#lib/clock";
import type { Bus } from "#lib/leases/bus";
import type { Store } from "#lib/store/store";
import type { Log } from "#lib/telemetry/log";
import { adminRequest, measuresPerRequestMax } from "#proto/admin";

export interface MeasureWritesPorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly retryMs: number;
}

export class MeasureWrites {
  readonly #ports: MeasureWritesPorts;
  /** Not in the store yet, by id; the newest of each. */
  readonly #waiting = new Map<string, Measure>();
  readonly #stored = new Set<string>();
  readonly #told = new WeakSet<Measure>();
  #isRunning = false;
  #isStopped = false;

  constructor(ports: MeasureWritesPorts) {
    this.#ports = ports;
  }

  /** Ids that the store has, as far as is known; a copy. */
  stored(): ReadonlySet<string> {
    return new Set(this.#stored);
  }

  put(measure: Measure): void {
    this.#waiting.set(measure.id, measure);
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** The store has it. */
  seen(id: string): void {
    this.#stored.add(id);
  }

  /** It is over. */
  forget(id: string): void {
    this.#waiting.delete(id);
    this.#stored.delete(id);
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { clock, retryMs } = this.#ports;
    while (this.#waiting.size > 0 && !this.#isStopped) {
      const batch = [...this.#waiting.values()].slice(0, measuresPerRequestMax);
      // A worker that does not answer is waited for by its question only, not by the store.
      const told = this.#tellOthers(batch);
      const written = await Promise.all(batch.map((measure) => this.#write(measure)));
      await told;
      if (written.includes(false) && !this.#isStopped) await clock.sleep(retryMs);
    }
    this.#isRunning = false;
  }

  /** Who does not hear it reads it from the store. */
  async #tellOthers(batch: readonly Measure[]): Promise<void> {
    const { bus, log } = this.#ports;
    const measures = batch.filter((measure) => !this.#told.has(measure));
    if (measures.length === 0) return;
    for (const measure of measures) this.#told.add(measure);
    try {
      await bus.askAll(adminRequest("measure.bind", { measures }));
    } catch (error) {
      log.warn("measures_untold", { error: String(error) });
    }
  }

  async #write(measure: Measure): Promise<boolean> {
    const { store, log } = this.#ports;
    const { id } = measure;
    try {
      await store.putMeasure(measure);
      const wanted = this.#waiting.get(id);
      // Cancelled while it was written: the later word must be the last.
      if (wanted === undefined) await store.dropMeasure(id);
      else this.#stored.add(id);
      if (wanted === measure) this.#waiting.delete(id);
      return true;
    } catch (error) {
      log.error("measure_unwritten", { id, rule: measure.rule, error: String(error) });
      return false;
    }
  }
}
