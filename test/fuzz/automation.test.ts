/**
 * Automation against a slow, obvious model: a list of all that was heard, looked through anew each
 * time (ADR 0014).
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { Automation } from "#lib/automation/automation";
import type { Rule } from "#lib/automation/rule";
import { readRules } from "#lib/automation/rules-file";
import { type Dimension, dimensions, type Subject } from "#lib/limits/limit";
import { compilePattern } from "#lib/pattern/pattern";
import { replyOf } from "../support/automation/rules.ts";
import { fuzzing } from "../support/fuzz.ts";

const start = 1_795_000_000_000;
const texts = ["slow down", "too fast", "slow and too fast", "greylisted"] as const;

function patternOf(source: string) {
  const made = compilePattern(source);
  if ("fault" in made) throw new Error(made.fault);
  return made.pattern;
}

const scope = fc.subarray<Dimension>([...dimensions]);
const duration = fc.integer({ min: 1, max: 60 });

const rule = fc.record({
  source: fc.constantFrom("slow", "fast", "slow|fast"),
  provider: fc.option(fc.constantFrom("p1", "p2"), { nil: undefined }),
  trigger: fc.option(
    fc.record({ count: fc.integer({ min: 1, max: 4 }), windowMs: fc.integer({ min: 1, max: 30 }) }),
    { nil: undefined },
  ),
  scope,
  durationMs: duration,
});

const rules = fc.array(rule, { minLength: 1, maxLength: 4 }).map((drawn) =>
  drawn.map(({ source, provider, trigger, scope: its, durationMs }, n): Rule => {
    return {
      name: `rule ${n}`,
      provenance: "drawn",
      isOff: false,
      when: {
        patterns: [patternOf(source)],
        ...(provider === undefined ? {} : { providers: [provider] }),
      },
      ...(trigger === undefined ? {} : { trigger }),
      actions: [{ effect: { kind: "hold" }, scope: its, durationMs }],
    };
  }),
);

const subject: fc.Arbitrary<Subject> = fc.record(
  {
    destination: fc.constantFrom("a.example", "b.example"),
    provider: fc.constantFrom("p1", "p2"),
    source: fc.constantFrom("s1", "s2"),
    tenant: fc.constant("t1"),
    campaign: fc.constant("c1"),
  },
  { requiredKeys: ["destination"] },
);

const step = fc.record({
  afterMs: fc.integer({ min: 0, max: 20 }),
  subject,
  text: fc.constantFrom(...texts),
  cancels: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
});

interface InForce {
  readonly rule: Rule;
  readonly values: string;
  readonly heardAt: number;
  readonly endsAt: number;
}

/** Who has no source is everybody's one. */
function keyOf(its: readonly Dimension[], of: Subject): string | undefined {
  const values = its.map((dimension) => of[dimension] ?? (dimension === "source" ? null : "?"));
  return values.includes("?") ? undefined : JSON.stringify(values);
}

/** Everything that was counted is kept; what a measure used up is marked. */
class Model {
  readonly #heard: { rule: Rule; values: string; at: number; isUsed: boolean }[] = [];
  inForce: InForce[] = [];

  hear(of: readonly Rule[], about: Subject, text: string, now: number): string[] {
    return of.flatMap((each) => {
      const { when, actions, trigger } = each;
      const [action] = actions;
      if (action === undefined || when.patterns?.some((p) => p.test(text)) !== true) return [];
      if (when.providers !== undefined && !when.providers.includes(about.provider ?? "")) return [];
      const key = keyOf(action.scope, about);
      if (key === undefined) return [];
      const isIt = (it: { rule: Rule; values: string }) => it.rule === each && it.values === key;
      const known = this.inForce.find(isIt);
      if (known !== undefined && now - known.heardAt < (known.endsAt - known.heardAt) / 2)
        return [];
      if (trigger !== undefined) {
        this.#heard.push({ rule: each, values: key, at: now, isUsed: false });
        const { windowMs, count } = trigger;
        const counted = this.#heard.filter((it) => {
          return isIt(it) && !it.isUsed && it.at > now - windowMs;
        });
        if (counted.length < count) return [];
        for (const it of this.#heard.filter(isIt)) it.isUsed = true;
      }
      const others = this.inForce.filter((it) => !isIt(it));
      const endsAt = now + action.durationMs;
      this.inForce = [...others, { rule: each, values: key, heardAt: now, endsAt }];
      return [`${known === undefined ? "started" : "renewed"} ${each.name} ${key}`];
    });
  }

  expire(now: number): string[] {
    const ended = this.inForce.filter(({ endsAt }) => endsAt <= now);
    this.inForce = this.inForce.filter(({ endsAt }) => endsAt > now);
    return ended.map(({ rule: { name }, values }) => `${name} ${values}`);
  }

  /** Names of those that bind. */
  binding(whom: Subject): string[] {
    const bound = this.inForce.filter(({ rule: { actions }, values }) => {
      const its: readonly (string | null)[] = JSON.parse(values);
      const scope = actions[0]?.scope ?? [];
      return scope.every((dimension, i) => its[i] === null || its[i] === whom[dimension]);
    });
    return bound.map(({ rule: { name } }) => name).sort();
  }
}

test("whatever is heard, the same is in force as if everything had been kept", () => {
  fc.assert(
    fc.property(rules, fc.array(step, { maxLength: 60 }), (drawn, steps) => {
      const engine = new Automation(drawn, { by: "worker/1" });
      const model = new Model();
      let monotonic = 0;
      for (const { afterMs, subject: whom, text, cancels } of steps) {
        monotonic += afterMs;
        const at = { now: start + monotonic, monotonic };
        const scopeOf = (name: string) => drawn.find((it) => it.name === name)?.actions[0]?.scope;
        const told = (name: string, values: Subject) =>
          `${name} ${keyOf(scopeOf(name) ?? [], values)}`;
        const ended = engine.expire(at).map((m) => told(m.rule, m.scope));
        expect(ended.sort()).toEqual(model.expire(monotonic).sort());
        if (cancels) {
          const [measure] = engine.inForce.all;
          if (measure !== undefined) {
            engine.cancel(measure.id);
            const its = told(measure.rule, measure.scope);
            model.inForce = model.inForce.filter((it) => `${it.rule.name} ${it.values}` !== its);
          }
        }
        const reply = replyOf(`421 ${text}`);
        const { changes } = engine.hear({ subject: whom, reply }, at);
        const did = changes.map(({ kind, measure: m }) => `${kind} ${told(m.rule, m.scope)}`);
        expect(did).toEqual(model.hear(drawn, whom, `421 ${text}`, monotonic));
        const bound = engine.inForce.binding("hold", whom).map(({ measure }) => measure.rule);
        expect(bound.sort()).toEqual(model.binding(whom));
      }
    }),
    fuzzing(),
  );
});

test("whatever stands in a file is read, or refused with its place", () => {
  const word = fc.constantFrom(
    ...["name", "reply", "code", "status", "count", "do", "action", "scope", "for", "messages"],
    ...["connections", "off", "example", "provider", "destination", "hold", "limit", "fail"],
    ...["3 in 10m", "1h", "4xx", "421", "4.7.*", "10/min", "(a+)+$", "source", "*", "421 no", "["],
  );
  const leaf = fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null), fc.string());
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: "small" }, leaf, tie("list"), tie("group")),
    list: fc.array(tie("value"), { maxLength: 3 }),
    group: fc.dictionary(word, tie("value"), { maxKeys: 6 }),
  }));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 3 }), (items) => {
      const read = readRules(JSON.stringify({ automation: items }), "drawn.yaml");
      if ("rules" in read) return;
      expect(read.faults.length).toBeGreaterThan(0);
      for (const { line, column, message } of read.faults) {
        expect([line, column > 0, message !== ""]).toEqual([1, true, true]);
      }
    }),
    fuzzing(),
  );
});
