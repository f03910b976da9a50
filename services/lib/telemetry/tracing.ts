/**
 * Traces of single messages (ADR 0023). A trace is known by its W3C `traceparent`, which travels
 * with the message's units; who has none is not traced, and pays for one look at that.
 */
import type { Random } from "#lib/random";

export interface Span {
  readonly name: string;
  readonly kind: "server" | "client" | "producer" | "internal";
  /** As `child` or `begin` made it. */
  readonly self: string;
  /** Without it the span is the first of its trace. */
  readonly parent?: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: SpanAttributes;
  /** Why it failed, if it did. */
  readonly failure?: string;
}

/** What is undefined is left out. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Tracing {
  /** A new trace for as many as are to be traced; undefined for all others. */
  begin(): string | undefined;
  /**
   * A place in the trace of who asks from outside, by the `traceparent` that it sent; undefined when
   * that is none, or nothing is to be traced here.
   */
  join(parent: string): string | undefined;
  /** A place in the trace of `parent`. */
  child(parent: string): string;
  /** Tells of a span that is over. */
  end(span: Span): void;
}

export const noTracing: Tracing = {
  begin: () => undefined,
  join: () => undefined,
  child: (parent) => parent,
  end() {},
};

export interface TracingOptions {
  /** Of all messages, 0 to 1. */
  readonly share: number;
  readonly random: Random;
  readonly end: (span: Span) => void;
}

export function tracing({ share, random, end }: TracingOptions): Tracing {
  if (share <= 0) return { ...noTracing, child: (parent) => childOf(parent, random), end };
  return {
    begin() {
      if (share < 1 && random.next() >= share) return undefined;
      return `00-${hex(random, 16)}-${hex(random, 8)}-01`;
    },
    join: (parent) => (isTraceParent(parent) ? childOf(parent, random) : undefined),
    child: (parent) => childOf(parent, random),
    end,
  };
}

/** W3C Trace Context §3.2, of a trace that is recorded. */
const form = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/;

export function isTraceParent(value: unknown): value is string {
  return typeof value === "string" && form.test(value);
}

export function traceIdOf(traceParent: string): string;
export function traceIdOf(traceParent: string | undefined): string | undefined;
export function traceIdOf(traceParent: string | undefined): string | undefined {
  return traceParent?.slice(3, 35);
}

export function spanIdOf(traceParent: string): string {
  return traceParent.slice(36, 52);
}

function childOf(parent: string, random: Random): string {
  return `${parent.slice(0, 36)}${hex(random, 8)}-01`;
}

/** All zero means none (§3.2.2.3), which chance never draws. */
function hex(random: Random, length: number): string {
  return Buffer.from(random.bytes(length)).toString("hex");
}
