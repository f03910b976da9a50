/** What delivery counts. Wired to the telemetry of the process by `main.ts`. */
import type { BounceClass } from "#lib/bounces/bounce-class";

export interface DeliveryMetrics {
  /** Recipients by outcome: delivered, transient, permanent, expired. */
  recipient(outcome: "delivered" | "transient" | "permanent" | "expired", way: MetricWay): void;
  /** From acceptance to the reply of the host that took it. */
  delivered(durationMs: number, way: MetricWay, trace?: string): void;
  /** A unit came back from the retry wheel so long after it was due. */
  retryLate(lateMs: number): void;
  /** A record of the journal was durable so long after it was handed over. */
  journaled(durationMs: number): void;
  /** `trace`: `traceparent` of the message, if it is traced; here and above. */
  attempt(durationMs: number, trace?: string): void;
  /** Recipients whose final dot went unanswered, or too late: they may get a second copy (RFC 1047). */
  inDoubt(recipients: number): void;
  notification(action: string): void;
  /** Recipients to whom nothing was sent. */
  suppressed(recipients: number): void;
  /** A recipient that ended without delivery is recorded, with its class. */
  bounce(of: BounceClass): void;
  /** A bounce of this class has put a recipient on the list. */
  suppressionAdded(reason: string): void;
  spilled(units: number): void;
  parked(): void;
  suspect(): void;
  destinationDown(): void;
  /** A shard was claimed, replayed and is read. */
  takenOver(durationMs: number): void;
  /** A shard was given up; in good order, or what is left to the seal of its journal. */
  handedOver(durationMs: number, isReleased: boolean): void;
  /** A limit of this kind refused; `isShared`: one of several workers. */
  limitRefused(kind: string, isShared: boolean): void;
  /** Shares of limits were asked for. */
  sharesAsked(count: number): void;
  /** A home did not answer. */
  homeSilent(): void;
}

/** Of a unit; labels are made of it, so each is one of few. */
export interface MetricWay {
  /** As `providerLabel` has it. */
  readonly provider: string;
  readonly source: string | undefined;
  readonly tenant: string | undefined;
}

/** Counts nothing; for tests that do not look. */
export const noMetrics: DeliveryMetrics = {
  recipient() {},
  delivered() {},
  retryLate() {},
  journaled() {},
  attempt() {},
  inDoubt() {},
  notification() {},
  suppressed() {},
  bounce() {},
  suppressionAdded() {},
  spilled() {},
  parked() {},
  suspect() {},
  destinationDown() {},
  takenOver() {},
  handedOver() {},
  limitRefused() {},
  sharesAsked() {},
  homeSilent() {},
};
