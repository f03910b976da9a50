/**
 * The measures in force at a worker (ADR 0014), started here, told by others, or read from the store.
 *
 * How it is used:
 * - `judge` gets the outcomes of each attempt, with whom and which host they are about, before they
 *   are settled; those it gives back are settled. A refusal of a host after which another was tried
 *   is an attempt's outcome for this, too.
 * - Before a unit is given a session: `heldBy`, with the source in the subject once it is chosen.
 * - Where limits are bound: `limitsFor` beside the file's, bound anew when `generation` has risen;
 *   `capsFor` with the caps of the file.
 * - Where hosts are tried: `isSkipped`; where a source is chosen: `isAvoided`.
 * - `onChange` tells when a look is worth while again: what began to bind, and what ended.
 * None of these costs anything while nothing is in force; a delivered unit costs one comparison.
 */
import { Automation, type Counted, type Moment, type Verdict } from "#lib/automation/automation";
import type { InForceEntry } from "#lib/automation/in-force";
import type { Measure } from "#lib/automation/measure";
import type { Rule } from "#lib/automation/rule";
import type { CancelTimer, Clock } from "#lib/clock";
import type { CapLimit, CountedLimit, Subject } from "#lib/limits/limit";
import type { Outcome } from "#lib/queue/outcome";
import type { Store } from "#lib/store/store";
import type { Log } from "#lib/telemetry/log";
import { HeardReplies } from "./heard-replies.ts";
import { asFailure, refusals } from "./judged.ts";
import { type LimitsInForce, limitsInForce } from "./limits-in-force.ts";
import { MeasureWrites, type MeasureWritesPorts } from "./measure-writes.ts";

const refreshMs = 5_000;

export interface MeasuresPorts extends MeasureWritesPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly me: string;
  readonly retryMs: number;
  /** Asked at each refusal, since they can be reloaded: another array is another set of rules. */
  readonly rules: () => readonly Rule[];
}

export interface MeasureChange {
  readonly kind: "started" | "renewed" | "ended" | "cancelled";
  readonly measure: Measure;
  /** Started here: others are told of it by the worker that started it, too, and write nothing down. */
  readonly isOwn: boolean;
}

/** What outcomes are about. */
export interface About {
  readonly subject: Subject;
  /** The name of the host that said it; a refusal skips no host without it. */
  readonly host?: string | undefined;
}

export class Measures {
  readonly #ports: MeasuresPorts;
  readonly #automation: Automation;
  readonly #writes: MeasureWrites;
  readonly #heard: HeardReplies;
  readonly #listeners = new Set<(change: MeasureChange) => void>();
  #rules: readonly Rule[];
  #limits: { readonly generation: number; readonly of: LimitsInForce } | undefined;
  /** Rises with each cancellation: what was read from the store meanwhile may be older. */
  #cancellations = 0;
  #areKnown = false;
  #isStopped = false;
  #endsAt = Number.POSITIVE_INFINITY;
  #cancelEnd: CancelTimer | undefined;
  #cancelRefresh: CancelTimer | undefined;
  #unstartedTold = 0;

  constructor(ports: MeasuresPorts) {
    this.#ports = ports;
    this.#rules = ports.rules();
    this.#automation = new Automation(this.#rules, { by: ports.me });
    this.#writes = new MeasureWrites(ports);
    this.#heard = new HeardReplies(ports);
  }

  get all(): readonly Measure[] {
    return this.#automation.inForce.all;
  }

  /** What the next incarnation may begin with; undefined before they were read. */
  get known(): readonly Measure[] | undefined {
    return this.#areKnown ? this.all : undefined;
  }

  /** Rises with every change of what binds anybody. */
  get generation(): number {
    return this.#automation.generation;
  }

  /** As for holds: resolves when they are known; before that nothing may be tried. */
  async start(earlier?: readonly Measure[]): Promise<void> {
    const { clock, retryMs } = this.#ports;
    if (earlier !== undefined) {
      for (const measure of earlier) this.#adopt(measure);
      this.#areKnown = true;
    }
    while (!this.#isStopped && !(await this.#refresh()) && !this.#areKnown) {
      await clock.sleep(retryMs);
    }
    this.#refreshLater();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelEnd?.();
    this.#cancelRefresh?.();
    this.#writes.stop();
    this.#heard.stop();
  }

  /** Called for each change, also for those that other workers told of; the result ends it. */
  onChange(told: (change: MeasureChange) => void): () => void {
    this.#listeners.add(told);
    return () => void this.#listeners.delete(told);
  }

  /**
   * Hears refusals, each reply once however many recipients it is about; and tells with which
   * outcomes to settle: the same array, unless a rule makes a failure of one.
   */
  judge(outcomes: readonly Outcome[], about: About): readonly Outcome[] {
    const replies = refusals(outcomes);
    if (replies.length === 0) return outcomes;
    this.#takeRules();
    const at = this.#moment();
    const failing = new Map<unknown, Rule>();
    for (const reply of replies) {
      const verdict = this.#automation.hear({ ...about, reply }, at);
      if (verdict.failedBy !== undefined) failing.set(reply, verdict.failedBy);
      if (verdict.changes.length > 0) this.#started(verdict);
      for (const counted of verdict.counted) this.#heard.note(counted);
    }
    this.#tellUnstarted();
    if (failing.size === 0) return outcomes;
    return outcomes.map((outcome) => {
      const rule = failing.get(outcome.reply);
      return rule === undefined ? outcome : asFailure(outcome, rule);
    });
  }

  /** The hold that ends last of those that bind; undefined: none does. */
  heldBy(subject: Subject): InForceEntry | undefined {
    return lastOf(this.#automation.inForce.binding("hold", subject));
  }

  /** The source of the subject is not to be used for the rest of it. */
  isAvoided(subject: Subject): boolean {
    return this.#automation.inForce.binding("changeSource", subject).length > 0;
  }

  isSkipped(host: string, subject: Subject): boolean {
    const skipping = this.#automation.inForce.binding("skipHost", subject);
    return skipping.some(({ measure: { effect } }) => {
      return effect.kind === "skipHost" && effect.host === host;
    });
  }

  /** The same array for the same limits, as long as `generation` stays. */
  limitsFor(subject: Subject): readonly CountedLimit[] {
    return this.#limitsInForce().counted(subject);
  }

  capsFor(subject: Subject): readonly CapLimit[] {
    return this.#limitsInForce().caps(subject);
  }

  /** What another worker has started. */
  bind(measures: readonly Measure[]): void {
    for (const measure of measures) this.#adopt(measure);
  }

  /** What another worker has counted, or we. */
  heardBy(worker: string, counted: readonly Counted[]): void {
    if (worker === this.#ports.me) return;
    this.#takeRules();
    for (const each of counted) this.#automation.heardElsewhere(each, this.#moment());
  }

  /** It is gone from the store already. False: it was not in force here. */
  cancel(id: string): boolean {
    this.#cancellations += 1;
    this.#writes.forget(id);
    const measure = this.#automation.cancel(id);
    if (measure !== undefined) this.#tell("cancelled", measure);
    return measure !== undefined;
  }

  #started({ changes }: Verdict): void {
    for (const { kind, measure } of changes) {
      this.#writes.put(measure);
      this.#tell(kind, measure);
      this.#endLater(measure.id);
    }
  }

  #adopt(measure: Measure): void {
    const kind = this.#automation.adopt(measure, this.#moment());
    if (kind === undefined) return;
    this.#tell(kind, measure);
    this.#endLater(measure.id);
  }

  #tell(kind: MeasureChange["kind"], measure: Measure): void {
    const { log, me } = this.#ports;
    const isOwn = measure.by === me;
    const { id, rule, effect, scope, until, sample } = measure;
    const fields = { id, rule, effect, scope, until: new Date(until).toISOString(), sample };
    if (isOwn) log.info(`measure_${kind}`, fields);
    else log.debug(`measure_${kind}`, fields);
    for (const told of this.#listeners) told({ kind, measure, isOwn });
  }

  #tellUnstarted(): void {
    const { unstarted } = this.#automation;
    if (unstarted === this.#unstartedTold) return;
    if (this.#unstartedTold === 0) this.#ports.log.warn("measures_full", { measures: unstarted });
    this.#unstartedTold = unstarted;
  }

  #takeRules(): void {
    const rules = this.#ports.rules();
    if (rules === this.#rules) return;
    this.#rules = rules;
    this.#automation.replaceRules(rules);
  }

  #limitsInForce(): LimitsInForce {
    const { generation } = this.#automation;
    if (this.#limits?.generation !== generation) {
      this.#limits = { generation, of: limitsInForce(this.#automation.inForce) };
    }
    return this.#limits.of;
  }

  #moment(): Moment {
    const { clock } = this.#ports;
    return { now: clock.now(), monotonic: clock.monotonic() };
  }

  #endLater(id: string): void {
    const endsAt = this.#automation.inForce.get(id)?.endsAt;
    if (endsAt !== undefined) this.#endAt(endsAt);
  }

  /** One timer: for the one that ends first. */
  #endAt(endsAt: number): void {
    if (endsAt >= this.#endsAt || this.#isStopped) return;
    this.#cancelEnd?.();
    this.#endsAt = endsAt;
    const { clock } = this.#ports;
    this.#cancelEnd = clock.after(endsAt - clock.monotonic(), () => {
      this.#endsAt = Number.POSITIVE_INFINITY;
      for (const measure of this.#automation.expire(this.#moment())) {
        this.#writes.forget(measure.id);
        this.#tell("ended", measure);
      }
      const { nextEndAt } = this.#automation.inForce;
      if (nextEndAt !== undefined) this.#endAt(nextEndAt);
    });
  }

  async #refresh(): Promise<boolean> {
    const { store, log } = this.#ports;
    const cancellations = this.#cancellations;
    const stored = this.#writes.stored();
    try {
      const measures = await store.measures();
      if (cancellations === this.#cancellations && !this.#isStopped) {
        this.#compare(measures, stored);
      }
      this.#areKnown = true;
      return true;
    } catch (error) {
      log.error("measures_unreadable", { error: String(error) });
      return false;
    }
  }

  /** What was in the store before it was read, and is not any more, was cancelled elsewhere. */
  #compare(measures: readonly Measure[], before: ReadonlySet<string>): void {
    const there = new Set(measures.map(({ id }) => id));
    for (const id of before) if (!there.has(id)) this.cancel(id);
    for (const measure of measures) {
      this.#adopt(measure);
      if (this.#automation.inForce.get(measure.id) !== undefined) this.#writes.seen(measure.id);
    }
  }

  #refreshLater(): void {
    if (this.#isStopped) return;
    this.#cancelRefresh = this.#ports.clock.after(refreshMs, () => {
      // Never rejects.
      void this.#refresh().then(() => this.#refreshLater());
    });
  }
}

function lastOf(entries: readonly InForceEntry[]): InForceEntry | undefined {
  let last: InForceEntry | undefined;
  for (const entry of entries) if (last === undefined || entry.endsAt > last.endsAt) last = entry;
  return last;
}
