/** Questions of this worker on their way to homes, many in one message. Each is sent once. */
import type { Clock } from "#lib/clock";
import { type Bus, NobodyAnswers } from "#lib/leases/bus";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import {
  type QuotaAnswer,
  type QuotaAsk,
  quotaQuestion,
  readQuotaAnswers,
} from "#proto/limits/quota";
import type { DeliveryMetrics } from "../metrics.ts";

export interface QuestionsPorts {
  readonly me: Incarnation;
  readonly bus: Pick<Bus, "ask">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<DeliveryMetrics, "sharesAsked" | "homeSilent">;
}

type Answered = (ask: QuotaAsk, answer: QuotaAnswer) => void;

/** Of one message. */
const asksMax = 500;
/** Keys have names from submitters in them; a server may take no more than 64 KiB. */
const keyCharactersMax = 24 * 1024;
/** Messages to one home without an answer: what is asked beyond them is as lost. */
const unansweredMax = 64;

export class Questions {
  readonly #ports: QuestionsPorts;
  readonly #unanswered = new Map<Shard, number>();
  /** Homes whose last word was that there is none. */
  readonly #silentSince = new Map<Shard, number>();

  constructor(ports: QuestionsPorts) {
    this.#ports = ports;
  }

  /** Since when a home has not answered; undefined: it has, or was not asked. */
  silentMs(home: Shard): number | undefined {
    const since = this.#silentSince.get(home);
    return since === undefined ? undefined : this.#ports.clock.monotonic() - since;
  }

  get silentHomes(): number {
    return this.#silentSince.size;
  }

  /** Never rejects: what is not answered is asked again by who still wants it, under a new number. */
  ask(home: Shard, asks: readonly QuotaAsk[], answered: Answered): void {
    this.#ports.metrics.sharesAsked(asks.length);
    for (const batch of batchesOf(asks)) void this.#send(home, batch, answered);
  }

  async #send(home: Shard, asks: readonly QuotaAsk[], answered: Answered): Promise<void> {
    const unanswered = this.#unanswered.get(home) ?? 0;
    if (unanswered >= unansweredMax) return;
    this.#unanswered.set(home, unanswered + 1);
    try {
      const { me: holder, bus } = this.#ports;
      const answers = readQuotaAnswers(await bus.ask(home, quotaQuestion({ holder, asks })));
      this.#silentSince.delete(home);
      for (const [n, ask] of asks.entries()) answered(ask, answers[n]);
    } catch (error) {
      this.#failed(home, error);
    } finally {
      this.#unanswered.set(home, (this.#unanswered.get(home) ?? 1) - 1);
    }
  }

  #failed(home: Shard, error: unknown): void {
    const { clock, log, metrics } = this.#ports;
    metrics.homeSilent();
    if (this.#silentSince.has(home)) return;
    this.#silentSince.set(home, clock.monotonic());
    const reason = error instanceof NobodyAnswers ? "nobody answers" : String(error);
    log.warn("quota_home_silent", { home, reason });
  }
}

function* batchesOf(asks: readonly QuotaAsk[]): Iterable<readonly QuotaAsk[]> {
  let batch: QuotaAsk[] = [];
  let characters = 0;
  for (const ask of asks) {
    if (batch.length === asksMax || characters + ask.key.length > keyCharactersMax) {
      if (batch.length > 0) yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(ask);
    characters += ask.key.length;
  }
  if (batch.length > 0) yield batch;
}
