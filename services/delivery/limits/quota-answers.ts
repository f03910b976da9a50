/** What others ask of this worker about shared limits: of its homes, and of itself as a holder. */
import type { Clock } from "#lib/clock";
import type { Bus, BusHandler, BusRequest, Json } from "#lib/leases/bus";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import { readIncarnation } from "#proto/lease";
import {
  askVerb,
  connectionsWanted,
  isQuotaVerb,
  quotaAnswers,
  readQuotaQuestion,
  readRollCall,
  readTurn,
  rollAnswer,
  rollVerb,
  turnCome,
  turnVerb,
  wantedVerb,
} from "#proto/limits/quota";
import type { Tenure } from "../tenure.ts";
import type { QuotaHome } from "./quota-home.ts";
import type { Shares } from "./shares.ts";

export interface QuotaAnswersPorts {
  readonly me: Incarnation;
  readonly bus: Pick<Bus, "askWorker">;
  readonly clock: Clock;
  readonly tenure: Pick<Tenure, "isSure">;
  readonly shares: Pick<Shares, "turn" | "giveUpIdle" | "roll">;
  readonly homeOf: (shard: Shard) => QuotaHome | undefined;
}

export class QuotaAnswers {
  readonly #ports: QuotaAnswersPorts;

  constructor(ports: QuotaAnswersPorts) {
    this.#ports = ports;
  }

  handler(otherwise: BusHandler, shard?: Shard): BusHandler {
    return async (request) => {
      return isQuotaVerb(request.verb) ? this.#answer(request, shard) : await otherwise(request);
    };
  }

  /** Whoever asks takes a failure for a question that was lost. */
  #answer(request: BusRequest, shard: Shard | undefined): Json {
    const { shares } = this.#ports;
    switch (request.verb) {
      case askVerb:
        return this.#asHome(request, shard);
      case turnVerb:
        shares.turn(readTurn(request));
        return null;
      case wantedVerb:
        shares.giveUpIdle(readTurn(request));
        return null;
      case rollVerb:
        return rollAnswer(shares.roll(readRollCall(request)));
      default:
        throw new Error(`Cannot answer "${request.verb}": no such verb`);
    }
  }

  #asHome(request: BusRequest, shard: Shard | undefined): Json {
    const { tenure, clock, homeOf } = this.#ports;
    const home = shard === undefined ? undefined : homeOf(shard);
    // An owner that is not sure any more may have a successor that grants, too.
    if (home === undefined || !tenure.isSure) {
      throw new Error(`Cannot grant shares of shard ${shard}: it is not ours`);
    }
    const question = readQuotaQuestion(request);
    const { answers, turns, wanted } = home.answer(question, clock.monotonic());
    for (const [holder, keys] of turns) this.#tellTurn(holder, keys);
    for (const [holder, keys] of wanted) this.#tellWanted(holder, keys);
    return quotaAnswers(answers);
  }

  /** A word that is lost costs some time only: who waits asks by itself, too. */
  #tellTurn(holder: string, keys: readonly string[]): void {
    const { me, bus, shares } = this.#ports;
    if (holder === me) return shares.turn(keys);
    bus.askWorker(readIncarnation(holder), turnCome(keys)).catch(() => {});
  }

  /** Whoever wants them asks again in a moment. */
  #tellWanted(holder: string, keys: readonly string[]): void {
    const { me, bus, shares } = this.#ports;
    if (holder === me) return shares.giveUpIdle(keys);
    bus.askWorker(readIncarnation(holder), connectionsWanted(keys)).catch(() => {});
  }
}
