/** Tells a person what an answer says nothing about, since somebody did not answer. */
import { readUnanswered, type SilentWorker, type Unanswered } from "#proto/admin";
import { spanText } from "../duration.ts";
import type { Io } from "../io.ts";
import { printable } from "../table.ts";

/**
 * The same reader, which warns on the way. What is printed is then the truth, but not all of it.
 */
export function warning<T extends object>(
  io: Io,
  read: (answer: unknown) => T,
): (answer: unknown) => T & { readonly unanswered?: Unanswered } {
  return (answer) => {
    const unanswered = readUnanswered(answer);
    if (unanswered !== undefined) io.err(unansweredText(unanswered));
    return { ...read(answer), ...(unanswered === undefined ? {} : { unanswered }) };
  };
}

export function unansweredText({ shards, workers }: Unanswered): string {
  const which = shards.length === 1 ? `shard ${shards[0]}` : `shards ${rangesText(shards)}`;
  const named = new Set(workers.flatMap((worker) => worker.shards ?? []));
  const others = shards.filter((shard) => !named.has(shard));
  const nobody =
    others.length === 0 || (named.size === 0 && workers.length > 0)
      ? []
      : [`  ${rangesText(others)}: no worker that answers owns it (godwit cluster status)`];
  const lines = [`No full answer for ${which}:`, ...workers.map(workerText), ...nobody];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

function workerText({ name, reason, silentMs, shards = [] }: SilentWorker): string {
  const whose = shards.length === 0 ? "" : ` (${rangesText(shards)})`;
  const heard = silentMs === undefined ? "" : `; its last heartbeat was ${spanText(silentMs)} ago`;
  return `  ${name}${whose}: ${reason}${heard}`;
}

/** `0-3, 7` */
export function rangesText(shards: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const shard of [...shards].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && range.last === shard - 1) range.last = shard;
    else ranges.push({ first: shard, last: shard });
  }
  return ranges
    .map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`))
    .join(", ");
}
