/**
 * Whether a process can do its work, and what troubles it: for /readyz, the log and the metrics at
 * once, so that none of them knows less than the others.
 */
import type { Clock } from "#lib/clock";
import type { Log } from "#lib/telemetry/log";
import type { Metrics } from "#lib/telemetry/metrics";

export interface Trouble {
  readonly reason: string;
  /** Nobody should send work here. Else it is told, and the work goes on. */
  readonly isBlocking: boolean;
}

/** As `/readyz` has it. */
export interface Reason extends Trouble {
  /** What is troubled: `nats`, `cassandra`, `process`. */
  readonly part: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface ReadinessPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "gauge">;
}

export class Readiness {
  readonly #ports: ReadinessPorts;
  readonly #reasons = new Map<string, Reason | undefined>();

  constructor(ports: ReadinessPorts) {
    this.#ports = ports;
    ports.metrics.gauge("godwit_part_ok", "1: the part works; 0: /readyz says why not.", () =>
      [...this.#reasons].map(([part, reason]) => ({
        value: reason === undefined ? 1 : 0,
        labels: { part },
      })),
    );
    ports.metrics.gauge("godwit_ready", "1: work may be sent here.", () => (this.isReady ? 1 : 0));
  }

  get isReady(): boolean {
    return !this.reasons.some(({ isBlocking }) => isBlocking);
  }

  get reasons(): readonly Reason[] {
    return [...this.#reasons.values()].filter((reason) => reason !== undefined);
  }

  /** Something that passes by itself, and is no news: a start, a stop. It keeps work away. */
  expect(part: string, reason: string): void {
    const { clock, log } = this.#ports;
    this.#reasons.set(part, { part, reason, isBlocking: true, since: clock.now() });
    log.debug("part_waits", { part, reason });
  }

  /** Without trouble the part works. Told again and again it is logged once. */
  tell(part: string, trouble?: Trouble): void {
    const { clock, log } = this.#ports;
    const before = this.#reasons.get(part);
    if (trouble === undefined) {
      this.#reasons.set(part, undefined);
      if (before !== undefined) {
        log.info("part_works", { part, troubled_ms: clock.now() - before.since });
      }
      return;
    }
    this.#reasons.set(part, { part, ...trouble, since: before?.since ?? clock.now() });
    if (before?.reason !== trouble.reason) log.warn("part_troubled", { part, ...trouble });
  }
}
