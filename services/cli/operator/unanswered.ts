/** Tells a person what an answer says nothing about, since somebody did not answer. */
import { readUnanswered, type Unanswered } from "#proto/admin";
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
  const why =
    workers.length === 0
      ? ["  no worker that answers owns it (godwit cluster status)"]
      : workers.map(({ name, reason }) => `  ${name}: ${reason}`);
  const lines = [`Nobody has answered for ${which}:`, ...why];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** `0-3, 7` */
function rangesText(shards: readonly number[]): string {
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
