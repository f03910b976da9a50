/**
 * Rules on refusals, and the measures that they started (ADR 0014). Pure: both clocks are passed in,
 * and what has to be written down or told is handed back.
 */
import type { Time } from "#lib/queue/unit";
import { InForce } from "./in-force.ts";
import { type Measure, type MeasureEffect, measureId, scopeKey, scopeValues } from "./measure.ts";
import { ReplyCounts } from "./reply-counts.ts";
import type { Action, Rule } from "./rule.ts";
import { type Heard, RuleBook, repliedText } from "./rule-book.ts";

export interface Moment {
  readonly now: Time;
  /** Spans are measured on this one: a clock that steps must not end a hold, nor prolong it. */
  readonly monotonic: number;
}

export interface Change {
  readonly kind: "started" | "renewed";
  readonly measure: Measure;
}

/** Replies that were counted for a rule, and did not suffice. */
export interface Counted {
  readonly rule: string;
  /** Whom they were about, as this version writes it. */
  readonly key: string;
  readonly count: number;
}

export interface Verdict {
  readonly changes: readonly Change[];
  /** For other workers to count, too. */
  readonly counted: readonly Counted[];
  /** What matched is a permanent failure by this rule. */
  readonly failedBy: Rule | undefined;
}

export interface AutomationOptions {
  /** This worker, as measures name it. */
  readonly by: string;
  /** Measures in force at once; beyond it none is started. */
  readonly measuresMax?: number;
}

const measuresMaxDefault = 10_000;
const sampleLengthMax = 300;

const nothing: Verdict = { changes: [], counted: [], failedBy: undefined };

export class Automation {
  readonly #by: string;
  readonly #measuresMax: number;
  readonly #counts = new ReplyCounts();
  #book: RuleBook;
  #rules: ReadonlyMap<string, Rule>;
  #generation = 0;
  #unstarted = 0;
  readonly #inForce = new InForce();

  constructor(rules: readonly Rule[], { by, measuresMax = measuresMaxDefault }: AutomationOptions) {
    this.#book = new RuleBook(rules);
    this.#rules = byName(rules);
    this.#by = by;
    this.#measuresMax = measuresMax;
  }

  get inForce(): Omit<InForce, "put" | "drop" | "expire"> {
    return this.#inForce;
  }

  /** Rises whenever a measure begins to bind, or ends. */
  get generation(): number {
    return this.#generation;
  }

  /** Measures that were not started, for there are too many. */
  get unstarted(): number {
    return this.#unstarted;
  }

  /** What is in force stays; counts begin anew. */
  replaceRules(rules: readonly Rule[]): void {
    this.#book = new RuleBook(rules);
    this.#rules = byName(rules);
    this.#counts.clear();
  }

  /** Only refusals: a reply that says yes is not asked about. */
  hear(heard: Heard, at: Moment): Verdict {
    const rules = this.#book.matching(heard);
    if (rules.length === 0) return nothing;
    const changes: Change[] = [];
    const counted: Counted[] = [];
    let failedBy: Rule | undefined;
    for (const rule of rules) {
      const matched = this.#matched(rule, heard, at);
      if ("key" in matched) counted.push(matched);
      else changes.push(...matched);
      if (this.#isFailing(rule, heard)) failedBy ??= rule;
    }
    return { changes, counted, failedBy };
  }

  /** What another worker heard counts here, too; of rules that are not here, nothing does. */
  heardElsewhere({ rule, key, count }: Counted, { monotonic: now }: Moment): void {
    const trigger = this.#rules.get(rule)?.trigger;
    if (trigger !== undefined) this.#counts.add(key, trigger, { count, now });
  }

  /** What another worker started, or the store has. Undefined: it is known, or over. */
  adopt(measure: Measure, at: Moment): Change["kind"] | undefined {
    const known = this.#inForce.get(measure.id);
    if (known !== undefined && known.measure.until >= measure.until) return undefined;
    // Another's clock may be ahead: it binds no longer than it would have from its start on.
    const span = Math.min(measure.until - at.now, measure.until - measure.renewedAt);
    if (span <= 0) return undefined;
    this.#put(measure, span, at);
    this.#counts.drop(countKey(measure.rule, measure.scope));
    return known === undefined ? "started" : "renewed";
  }

  cancel(id: string): Measure | undefined {
    const measure = this.#inForce.drop(id);
    if (measure !== undefined) this.#generation += 1;
    return measure;
  }

  /** Those whose time is over. */
  expire({ monotonic }: Moment): readonly Measure[] {
    const ended = this.#inForce.expire(monotonic);
    if (ended.length > 0) this.#generation += 1;
    return ended;
  }

  #matched(rule: Rule, heard: Heard, at: Moment): readonly Change[] | Counted {
    const due = rule.actions.flatMap((action, index) => {
      const target = targetOf(action, heard);
      if (target === undefined) return [];
      const id = measureId({ rule: rule.name, index, ...target });
      return this.#isYoung(id, at) ? [] : [{ action, id, ...target }];
    });
    const [first] = due;
    if (first === undefined) return [];
    const { trigger } = rule;
    const key = countKey(rule.name, first.scope);
    const isTime = trigger === undefined || this.#counts.hear(key, trigger, at.monotonic);
    if (!isTime) return { rule: rule.name, key, count: 1 };
    return due.flatMap(({ action, ...of }) => this.#start({ rule, action, ...of }, heard, at));
  }

  #start(what: Starting, heard: Heard, at: Moment): readonly Change[] {
    const { rule, action, id, scope, effect } = what;
    const known = this.#inForce.get(id)?.measure;
    if (known === undefined && this.#inForce.size >= this.#measuresMax) {
      this.#unstarted += 1;
      return [];
    }
    const measure: Measure = {
      id,
      rule: rule.name,
      provenance: rule.provenance,
      effect,
      scope,
      since: known?.since ?? at.now,
      renewedAt: at.now,
      until: at.now + action.durationMs,
      count: (known?.count ?? 0) + (rule.trigger?.count ?? 1),
      sample: repliedText(heard.reply).slice(0, sampleLengthMax),
      by: this.#by,
    };
    this.#put(measure, action.durationMs, at);
    return [{ kind: known === undefined ? "started" : "renewed", measure }];
  }

  #put(measure: Measure, spanMs: number, { monotonic }: Moment): void {
    this.#inForce.put({ measure, heardAt: monotonic, endsAt: monotonic + spanMs });
    this.#generation += 1;
  }

  /** Less than half of its time is over: a storm of refusals starts it once. */
  #isYoung(id: string, { monotonic }: Moment): boolean {
    const entry = this.#inForce.get(id);
    return entry !== undefined && monotonic < (entry.heardAt + entry.endsAt) / 2;
  }

  #isFailing(rule: Rule, heard: Heard): boolean {
    return rule.actions.some((action, index) => {
      if (action.effect.kind !== "fail") return false;
      if (action.durationMs === 0) return true;
      const target = targetOf(action, heard);
      if (target === undefined) return false;
      return this.#inForce.get(measureId({ rule: rule.name, index, ...target })) !== undefined;
    });
  }
}

function byName(rules: readonly Rule[]): ReadonlyMap<string, Rule> {
  return new Map(rules.map((rule) => [rule.name, rule]));
}

function countKey(rule: string, scope: Measure["scope"]): string {
  return `${rule.length}:${rule}${scopeKey(scope)}`;
}

interface Target {
  readonly scope: Measure["scope"];
  readonly effect: MeasureEffect;
  readonly host?: string;
}

interface Starting extends Target {
  readonly rule: Rule;
  readonly action: Action;
  readonly id: string;
}

/** Whom an action would bind; undefined: nobody, or nothing that lasts. */
function targetOf({ effect, scope, durationMs }: Action, heard: Heard): Target | undefined {
  if (durationMs === 0) return undefined;
  const values = scopeValues(scope, heard.subject);
  if (values === undefined) return undefined;
  // There is no other.
  if (effect.kind === "changeSource" && values.source === undefined) return undefined;
  if (effect.kind !== "skipHost") return { scope: values, effect };
  const { host } = heard;
  return host === undefined ? undefined : { scope: values, host, effect: { ...effect, host } };
}
