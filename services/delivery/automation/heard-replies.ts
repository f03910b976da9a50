/**
 * Tells other workers what was counted here: a rule that wants three replies is about the cluster's.
 * Once a second, however many there are.
 */
import type { Counted } from "#lib/automation/automation";
import type { CancelTimer, Clock } from "#lib/clock";
import type { Bus } from "#lib/leases/bus";
import type { Log } from "#lib/telemetry/log";
import { adminRequest, measuresPerRequestMax } from "#proto/admin";

export interface HeardRepliesPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly me: string;
}

const tellMs = 1_000;

export class HeardReplies {
  readonly #ports: HeardRepliesPorts;
  /** By rule and key. More than one message takes are not told: they count here only. */
  readonly #waiting = new Map<string, Counted>();
  #cancel: CancelTimer | undefined;
  #isStopped = false;

  constructor(ports: HeardRepliesPorts) {
    this.#ports = ports;
  }

  note({ rule, key, count }: Counted): void {
    const known = this.#waiting.get(key);
    if (known === undefined && this.#waiting.size >= measuresPerRequestMax) return;
    this.#waiting.set(key, { rule, key, count: (known?.count ?? 0) + count });
    if (this.#isStopped) return;
    this.#cancel ??= this.#ports.clock.after(tellMs, () => {
      this.#cancel = undefined;
      void this.#tell();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  /** Never rejects: who does not hear it counts what it hears itself. */
  async #tell(): Promise<void> {
    const { bus, log, me } = this.#ports;
    const counted = [...this.#waiting.values()];
    this.#waiting.clear();
    try {
      await bus.askAll(adminRequest("measure.heard", { by: me, counted }));
    } catch (error) {
      log.warn("replies_untold", { error: String(error) });
    }
  }
}
