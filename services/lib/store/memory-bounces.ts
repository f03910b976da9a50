/** The bounces of a memory store. Everything is looked at for every question: there are few. */
import type { Bounce } from "#lib/bounces/bounce";
import {
  askedScope,
  type BounceCount,
  type BounceCountQuery,
  dayOf,
  daysOf,
  scopesOf,
  summed,
} from "#lib/bounces/bounce-count";
import {
  type BouncePage,
  type BounceQuery,
  compareBounces,
  comparePositions,
  positionOf,
  startOf,
  takePage,
} from "#lib/bounces/bounce-query";
import { normalisedReply } from "#lib/bounces/normalised-text";
import { mostFrequent, type UnknownBounces, type UnknownQuery } from "#lib/bounces/unknown-bounces";

export class MemoryBounces {
  readonly #bounces = new Map<string, Bounce>();
  readonly #recipients = new Set<string>();

  get size(): number {
    return this.#bounces.size;
  }

  /** Of whatever kind. */
  isRecorded(uid: string, path: string): boolean {
    return this.#recipients.has(`${uid} ${path}`);
  }

  record(bounces: readonly Bounce[]): void {
    for (const bounce of bounces) {
      const recipient = `${bounce.uid} ${bounce.recipient.path}`;
      const key = `${bounce.kind} ${recipient}`;
      this.#recipients.add(recipient);
      if (!this.#bounces.has(key)) this.#bounces.set(key, bounce);
    }
  }

  page(query: BounceQuery): BouncePage {
    const start = startOf(query);
    const behind = this.#sorted().filter((it) => comparePositions(positionOf(it), start) > 0);
    return takePage(behind, query, true);
  }

  counts(query: BounceCountQuery): readonly BounceCount[] {
    const asked = askedScope(query);
    if (asked === undefined) return [];
    const { first, last } = daysOf(query);
    const isAsked = (bounce: Bounce) => {
      const day = dayOf(bounce.at);
      if (day < first || day > last) return false;
      if (query.class !== undefined && bounce.class !== query.class) return false;
      return scopesOf(bounce).some((it) => it.scope === asked.scope && it.name === asked.name);
    };
    const rows = this.#sorted().filter(isAsked);
    return summed(rows.map((it) => ({ day: dayOf(it.at), class: it.class, count: 1 })));
  }

  unknown(query: UnknownQuery): readonly UnknownBounces[] {
    const { first, last } = daysOf(query);
    const unknown = this.#sorted().filter((it) => {
      return it.class === "unknown" && dayOf(it.at) >= first && dayOf(it.at) <= last;
    });
    const rows = unknown.map((bounce) => ({
      text: normalisedReply(bounce),
      count: 1,
      lastAt: bounce.at,
      example: bounce.text,
    }));
    return mostFrequent(rows, query.limit);
  }

  #sorted(): readonly Bounce[] {
    return [...this.#bounces.values()].sort(compareBounces);
  }
}
