/** What the edge counts. Wired to the telemetry of the process by `main.ts`. */
export interface EdgeMetrics {
  sessionOpened(listener: string): void;
  sessionClosed(listener: string): void;
  /** A connection turned away before its session began. */
  sessionRefused(reason: "sessions" | "address" | "stopping" | "proxyHeader"): void;
  accepted(message: AcceptedMessage): void;
  /** From the 354 to the final dot. */
  contentRead(durationMs: number): void;
  /** A 4yz or 5yz reply. */
  refused(code: number): void;
  authenticated(outcome: "success" | "failure" | "busy"): void;
  /** A request of HTTP has its answer. */
  requestAnswered(request: AnsweredRequest): void;
  /** A request was repeated so late that the queue may have forgotten what it had of it. */
  repeatInDoubt(): void;
  /** Content in memory, coming in or on its way to the queue. */
  contentBytesHeld(bytes: number): void;
}

export interface AcceptedMessage {
  readonly listener: string;
  readonly tenant?: string;
  readonly recipients: number;
  readonly bytes: number;
  /** From the final dot to the 250. */
  readonly durationMs: number;
  /** `traceparent`, if it is traced. */
  readonly trace?: string;
}

export interface AnsweredRequest {
  readonly listener: string;
  readonly status: number;
  readonly durationMs: number;
}

/** Counts nothing; for tests that do not look. */
export const noMetrics: EdgeMetrics = {
  sessionOpened() {},
  sessionClosed() {},
  sessionRefused() {},
  accepted() {},
  contentRead() {},
  refused() {},
  authenticated() {},
  requestAnswered() {},
  repeatInDoubt() {},
  contentBytesHeld() {},
};
