/** How far our clock is from that of NATS: due times and lifetimes are compared across nodes. */
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Clock } from "#lib/clock";
import type { Trouble } from "../readiness.ts";

export interface ClockOffset {
  /** Positive: ours is ahead. */
  readonly offsetMs: number;
  /** Half of the time that the answer took. */
  readonly uncertaintyMs: number;
}

const offsetMaxMs = 2_000;

/** Undefined when the server does not tell its time. */
export async function clockOffset(
  connection: NatsConnection,
  stream: string,
  clock: Clock,
): Promise<ClockOffset | undefined> {
  const manager: JetStreamManager = await jetstreamManager(connection, { checkAPI: false });
  const askedAt = clock.now();
  const { ts } = Object(await manager.streams.info(stream));
  const answeredAt = clock.now();
  const toldAt = Date.parse(String(ts));
  if (Number.isNaN(toldAt)) return undefined;
  return {
    offsetMs: (askedAt + answeredAt) / 2 - toldAt,
    uncertaintyMs: (answeredAt - askedAt) / 2,
  };
}

export function offsetTrouble({ offsetMs, uncertaintyMs }: ClockOffset): Trouble | undefined {
  if (Math.abs(offsetMs) - uncertaintyMs <= offsetMaxMs) return undefined;
  const seconds = (Math.abs(offsetMs) / 1_000).toFixed(1);
  const where = offsetMs > 0 ? "ahead of" : "behind";
  const reason = `our clock is ${seconds} s ${where} that of the NATS server: does NTP run on both?`;
  return { reason, isBlocking: false };
}
