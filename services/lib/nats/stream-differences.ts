/** How a stream that is there differs from the one that is wanted, and which changes lose mail. */
import type { StreamConfig, StreamState } from "@nats-io/jetstream";
import type { PlannedStream } from "./stream-plan.ts";

export interface StreamDifferences {
  /** One line each, `max_bytes is 1024, not 2048`. */
  readonly lines: readonly string[];
  /** Why the stream cannot be made what is wanted. */
  readonly refusal?: string;
}

export interface StandingStream {
  readonly config: StreamConfig;
  readonly state: Pick<StreamState, "bytes" | "messages">;
}

export function streamDifferences(
  planned: PlannedStream,
  { config, state }: StandingStream,
): StreamDifferences {
  const wanted = new Map(Object.entries(planned));
  const lines: string[] = [];
  for (const [field, is] of Object.entries(config)) {
    const want = wanted.get(field);
    wanted.delete(field);
    if (want !== undefined && !isSame(want, is)) {
      lines.push(`${field} is ${text(is)}, not ${text(want)}`);
    }
  }
  // What the server leaves out is at its zero value.
  for (const [field, want] of wanted) {
    if (want !== false && want !== 0)
      lines.push(`${field} is not set, and should be ${text(want)}`);
  }
  const refusal = refusalOf(planned, { config, state });
  return { lines, ...(refusal === undefined ? undefined : { refusal }) };
}

function refusalOf(planned: PlannedStream, { config, state }: StandingStream): string | undefined {
  const { max_bytes: bytesMax = -1, num_replicas: replicas = 1 } = planned;
  if (config.retention !== planned.retention || config.storage !== planned.storage) {
    return `it is of another kind (${config.retention}, ${config.storage}): use another namespace`;
  }
  if (bytesMax >= 0 && state.bytes > bytesMax) {
    return `it holds ${state.bytes} bytes, more than the ${bytesMax} wanted: wait until it is emptier`;
  }
  if (config.num_replicas > replicas) {
    return `it has ${config.num_replicas} replicas, more than the ${replicas} wanted: fewer copies lose mail with fewer disks; lower them by hand (nats stream edit) if that is meant`;
  }
  return undefined;
}

function isSame(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  const sorted = (list: readonly unknown[]) => list.map(String).sort();
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function text(value: unknown): string {
  return Array.isArray(value) ? value.join(" ") : String(value);
}
