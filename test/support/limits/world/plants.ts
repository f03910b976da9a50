/** Bugs in the limits of workers, for a test that shows that each is seen. */
import type { BusRequest, Json } from "#lib/leases/bus";
import type { Lease } from "#lib/leases/leases";
import { encodeHandedLimits } from "#proto/limits/handed-limits";
import {
  askVerb,
  type QuotaAnswer,
  type QuotaAsk,
  quotaAnswers,
  quotaQuestion,
  readQuotaAnswers,
  readQuotaQuestion,
} from "#proto/limits/quota";
import type { LimitsPlant } from "./limits-world.ts";

export const limitsPlants: readonly (readonly [string, LimitsPlant])[] = [
  ["a home that grants at once after a crash", { lease: () => undefined }],
  [
    "tokens that a holder keeps and gives back, too",
    { bus: { mangled: (request) => asked(request, doubled) } },
  ],
  [
    "a share that is used though it was given back",
    {
      bus: {
        // Room between two numbers for a question that the holder knows nothing of.
        mangled: (request) => asked(request, (ask) => numbered(ask, ask.ask.number * 2)),
        echo: (request) => asked(request, (ask) => givenBack(ask)),
        mangledAnswer: (request, answer) => answered(request, answer),
      },
    },
  ],
  ["a home that is silent after a crash, and calls no roll", { lease: withoutRoll }],
];

function withoutRoll({ epoch }: Lease): Lease {
  const home = { ownedForMs: 0, unheard: [], rates: [], connections: [] };
  const limits = encodeHandedLimits({ home });
  return { epoch, checkpoint: { floor: 0, journals: [], ...(limits && { limits }) } };
}

function asked(request: BusRequest, change: (ask: QuotaAsk) => QuotaAsk): BusRequest {
  if (request.verb !== askVerb) return request;
  const { holder, asks } = readQuotaQuestion(request);
  return quotaQuestion({ holder, asks: asks.map(change) });
}

function numbered(of: QuotaAsk, number: number): QuotaAsk {
  return of.kind === "rate"
    ? { ...of, ask: { ...of.ask, number } }
    : { ...of, ask: { ...of.ask, number } };
}

function givenBack(of: QuotaAsk): QuotaAsk {
  const number = of.ask.number * 2 + 1;
  return of.kind === "rate"
    ? { ...of, ask: { ...of.ask, number, wanted: 0, unspent: of.burst } }
    : { ...of, ask: { ...of.ask, number, wanted: 0, open: 0 } };
}

function doubled(of: QuotaAsk): QuotaAsk {
  if (of.kind === "connections") return of;
  return { ...of, ask: { ...of.ask, unspent: 2 * of.ask.unspent + 1 } };
}

function answered(request: BusRequest, answer: Json): Json {
  if (request.verb !== askVerb) return answer;
  const halved = readQuotaAnswers(answer).map((each): QuotaAnswer => {
    return each && { ...each, number: Math.floor(each.number / 2) };
  });
  return quotaAnswers(halved);
}
