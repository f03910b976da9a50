/** One request to many, and the answers as they come, each put together from its parts. */
import { createInbox, type Msg } from "@nats-io/transport-node";
import type { Clock } from "#lib/clock";
import type { BusRequest } from "#lib/leases/bus";
import type { Incarnation } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import {
  type AnswerPart,
  decodeAnswerPart,
  encodeRequest,
  joinAnswer,
  type Told,
} from "#proto/bus-message";
import type { Link } from "../link.ts";

export interface GatheringPorts {
  readonly link: Link;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Question {
  readonly subject: string;
  readonly request: BusRequest;
  readonly waitMs: number;
  /** Enough has come: nobody else is waited for. */
  readonly isEnough: (told: ReadonlyMap<Incarnation, Told>) => boolean;
  /** What is enough may have changed when it resolves. */
  readonly changed?: Promise<unknown>;
}

const noResponders = 503;

/** What has come until it was enough, nobody was there, or the time was over. */
export async function gather(
  ports: GatheringPorts,
  question: Question,
): Promise<ReadonlyMap<Incarnation, Told>> {
  const { link, clock, log } = ports;
  const { connection } = link;
  const data = encodeRequest(question.request);
  const payloadMax = connection.info?.max_payload ?? 0;
  if (payloadMax > 0 && data.length > payloadMax) {
    throw new Error(`Cannot ask "${question.request.verb}": ${data.length} octets are too many`);
  }
  if (!link.isUp) throw new Error(`Cannot ask "${question.request.verb}": there is no connection`);
  const told = new Map<Incarnation, Told>();
  const parts = new Map<Incarnation, AnswerPart[]>();
  const enough = Promise.withResolvers<void>();
  const take = (message: Msg) => {
    if (message.data.length === 0 && message.headers?.code === noResponders)
      return enough.resolve();
    try {
      const part = decodeAnswerPart(message.data);
      const own = [...(parts.get(part.from) ?? []), part];
      parts.set(part.from, own);
      if (own.length === part.parts) told.set(part.from, joinAnswer(own));
      if (question.isEnough(told)) enough.resolve();
    } catch (error) {
      log.warn("bus_answer_unreadable", { verb: question.request.verb, error: String(error) });
    }
  };
  const inbox = createInbox(link.inboxPrefix);
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error === null) take(message);
    },
  });
  const cancel = clock.after(question.waitMs, () => enough.resolve());
  const stopListening = link.onDown(() => enough.resolve());
  void question.changed?.then(() => question.isEnough(told) && enough.resolve());
  try {
    connection.publish(question.subject, data, { reply: inbox });
    await enough.promise;
    return told;
  } finally {
    cancel();
    stopListening();
    subscription.unsubscribe();
  }
}
