/**
 * What the edge's thread and the rest of the process say to one another. Messages of a pair of
 * threads arrive in the order in which they were sent.
 */
import type { Beginning, IdempotencyKeys } from "#lib/idempotency/idempotency";
import type { Message } from "#lib/queue/unit";
import type { LogLevel } from "#lib/telemetry/json-log";
import type { Span } from "#lib/telemetry/tracing";
import type { EventKind, EventRecord } from "#proto/event-record";
import type { EdgeConfig } from "../../edge/config.ts";
import type { Listening } from "../../edge/edge.ts";
import type { EdgeMetrics } from "../../edge/metrics.ts";
import type { CrossingError } from "./crossing-error.ts";
import type { Packed } from "./packed.ts";

/** What the thread is started with; it listens at once. */
export interface EdgeThreadData {
  readonly config: EdgeConfig;
  readonly logLevel: LogLevel;
  /** What is told of the kinds that somebody wants. */
  readonly events: { readonly node: string; readonly kinds: readonly EventKind[] };
  /** The share of messages that are traced. */
  readonly traces: number;
  /** Of the idempotency keys; absent: there are none. */
  readonly messagesAreRepeatable?: boolean;
}

export type ToEdge =
  | { readonly kind: "answers"; readonly answers: readonly Answer[] }
  | { readonly kind: "keyAnswered"; readonly answer: KeyAnswer }
  | { readonly kind: "reload"; readonly config: EdgeConfig }
  | { readonly kind: "stop" };

/** `started` and `reloaded` answer, one for one; `stopped` is the last. */
export type FromEdge =
  | { readonly kind: "started"; readonly listening: readonly Listening[] }
  | { readonly kind: "notStarted"; readonly error: CrossingError }
  | { readonly kind: "told"; readonly packed: Packed }
  | { readonly kind: "keyAsked"; readonly question: KeyQuestion }
  | { readonly kind: "reloaded"; readonly error?: CrossingError }
  | { readonly kind: "stopped" };

/** What gathered in the thread. */
export interface Told {
  readonly handedIn: readonly HandedIn[];
  /** Of the log, whole. */
  readonly lines: readonly string[];
  readonly counted: readonly Counted[];
  readonly events: readonly EventRecord[];
  readonly spans: readonly Span[];
}

/** A call of `Intake.accept`, by a number that its answer repeats. */
export interface HandedIn {
  readonly n: number;
  readonly message: Message;
}

/** Without an error: it is durable. */
export interface Answer {
  readonly n: number;
  readonly error?: CrossingError;
}

/** A call of an idempotency key's method. */
export type KeyCall = {
  [Name in "begin" | "finish" | "release"]: readonly [Name, ...Parameters<IdempotencyKeys[Name]>];
}["begin" | "finish" | "release"];

export interface KeyQuestion {
  readonly n: number;
  readonly call: KeyCall;
}

/** Of `begin`: what it begins with. */
export interface KeyAnswer {
  readonly n: number;
  readonly beginning?: Beginning;
  readonly error?: CrossingError;
}

/** A call of one of the metrics. */
export type Counted = {
  [Name in keyof EdgeMetrics]: readonly [Name, ...Parameters<EdgeMetrics[Name]>];
}[keyof EdgeMetrics];
