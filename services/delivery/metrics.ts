/** What delivery counts. Wired to the telemetry of the process by `main.ts`. */
export interface DeliveryMetrics {
  /** Recipients by outcome: delivered, transient, permanent, expired. */
  recipient(outcome: "delivered" | "transient" | "permanent" | "expired"): void;
  attempt(durationMs: number): void;
  /** Recipients whose final dot went unanswered: they may get a second copy (RFC 1047). */
  inDoubt(recipients: number): void;
  notification(action: string): void;
  spilled(units: number): void;
  parked(): void;
  suspect(): void;
  destinationDown(): void;
}

/** Counts nothing; for tests that do not look. */
export const noMetrics: DeliveryMetrics = {
  recipient() {},
  attempt() {},
  inDoubt() {},
  notification() {},
  spilled() {},
  parked() {},
  suspect() {},
  destinationDown() {},
};
