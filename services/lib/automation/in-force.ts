/**
 * The measures in force, found by whom they bind. Time does not end them by itself: whoever has the
 * clock calls `expire`.
 */
import { type Dimension, dimensions, type Subject } from "#lib/limits/limit";
import { type Measure, type MeasureEffect, scopeKey, scopeValues } from "./measure.ts";

export interface InForceEntry {
  readonly measure: Measure;
  /** Monotonic: when it was started, renewed, or read. */
  readonly heardAt: number;
  readonly endsAt: number;
}

/** Measures of one kind, by the dimensions of their scope, then by its values. */
type Kind = Map<string, Group>;

interface Group {
  readonly scope: readonly Dimension[];
  readonly byValues: Map<string, readonly InForceEntry[]>;
}

const nothing: readonly InForceEntry[] = [];

export class InForce {
  readonly #byId = new Map<string, InForceEntry>();
  readonly #kinds = new Map<MeasureEffect["kind"], Kind>();

  get size(): number {
    return this.#byId.size;
  }

  get all(): readonly Measure[] {
    return [...this.#byId.values()].map(({ measure }) => measure);
  }

  get(id: string): InForceEntry | undefined {
    return this.#byId.get(id);
  }

  /** In the place of the one of its id. */
  put(entry: InForceEntry): void {
    this.drop(entry.measure.id);
    this.#byId.set(entry.measure.id, entry);
    const { group, key } = this.#place(entry.measure);
    group.byValues.set(key, [...(group.byValues.get(key) ?? nothing), entry]);
  }

  drop(id: string): Measure | undefined {
    const entry = this.#byId.get(id);
    if (entry === undefined) return undefined;
    this.#byId.delete(id);
    const { group, kind, key, name } = this.#place(entry.measure);
    const entries = group.byValues.get(key) ?? nothing;
    const rest = entries.filter((other) => other !== entry);
    if (rest.length > 0) group.byValues.set(key, rest);
    else group.byValues.delete(key);
    if (group.byValues.size === 0) kind.delete(name);
    return entry.measure;
  }

  /** Those of a kind that bind this subject. Costs nothing while there are none. */
  binding(effect: MeasureEffect["kind"], subject: Subject): readonly InForceEntry[] {
    const kind = this.#kinds.get(effect);
    if (kind === undefined || kind.size === 0) return nothing;
    let found = nothing;
    for (const { scope, byValues } of kind.values()) {
      const values = scopeValues(scope, subject);
      if (values === undefined) continue;
      const entries = byValues.get(scopeKey(values));
      if (entries !== undefined) found = found.length === 0 ? entries : [...found, ...entries];
    }
    return found;
  }

  /** Takes out those whose time is over at this monotonic time. */
  expire(now: number): readonly Measure[] {
    const ended = [...this.#byId.values()].filter(({ endsAt }) => endsAt <= now);
    for (const { measure } of ended) this.drop(measure.id);
    return ended.map(({ measure }) => measure);
  }

  /** When the next one ends; undefined: there is none. */
  get nextEndAt(): number | undefined {
    let next: number | undefined;
    for (const { endsAt } of this.#byId.values()) {
      if (next === undefined || endsAt < next) next = endsAt;
    }
    return next;
  }

  #place({ effect, scope }: Measure) {
    const kind: Kind = this.#kinds.get(effect.kind) ?? new Map<string, Group>();
    this.#kinds.set(effect.kind, kind);
    const names = dimensions.filter((dimension) => scope[dimension] !== undefined);
    const name = names.join(" ");
    const group: Group = kind.get(name) ?? { scope: names, byValues: new Map() };
    kind.set(name, group);
    return { kind, name, group, key: scopeKey(scope) };
  }
}
