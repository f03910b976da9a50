/** The limits of the measures in force, as `lib/limits` takes them. */
import type { InForce, InForceEntry } from "#lib/automation/in-force";
import type { Measure } from "#lib/automation/measure";
import type { LimitValue } from "#lib/automation/rule";
import {
  type CapLimit,
  type CountedLimit,
  type Dimension,
  dimensions,
  type Subject,
} from "#lib/limits/limit";

export interface LimitsInForce {
  /** The same array for subjects that the same measures bind. */
  counted(subject: Subject): readonly CountedLimit[];
  caps(subject: Subject): readonly CapLimit[];
}

interface Made {
  readonly counted: readonly CountedLimit[];
  readonly caps: readonly CapLimit[];
}

const nothing: Made = { counted: [], caps: [] };

/** To be made anew when anything changes. */
export function limitsInForce(inForce: Pick<InForce, "binding">): LimitsInForce {
  const known = new Map<string, Made>();
  const of = (subject: Subject): Made => {
    const entries = inForce.binding("limit", subject);
    if (entries.length === 0) return nothing;
    const key = entries.map(({ measure }) => measure.id).join(" ");
    const made = known.get(key) ?? madeOf(entries);
    known.set(key, made);
    return made;
  };
  return { counted: (subject) => of(subject).counted, caps: (subject) => of(subject).caps };
}

function madeOf(entries: readonly InForceEntry[]): Made {
  const counted: CountedLimit[] = [];
  const caps: CapLimit[] = [];
  for (const { measure } of entries) {
    if (measure.effect.kind !== "limit") continue;
    const made = limitOf(measure, measure.effect.limit);
    if ("counted" in made) counted.push(made.counted);
    else caps.push(made.cap);
  }
  return { counted, caps };
}

/** Named by the measure's id: it is the same at every worker, and for every value of the rule. */
function limitOf(
  { id, rule, provenance, scope }: Measure,
  value: LimitValue,
): { readonly counted: CountedLimit } | { readonly cap: CapLimit } {
  const named = {
    name: `${rule} ${id}`,
    scope: scopeOf(scope),
    provenance: `rule ${rule} (${provenance}), measure ${id}`,
  };
  switch (value.kind) {
    case "connections":
      return { counted: { ...named, kind: value.kind, max: value.max } };
    case "messagesPerConnection":
    case "recipientsPerTransaction":
      return { cap: { ...named, kind: value.kind, max: value.max } };
    default:
      return { counted: { ...named, kind: value.kind, rate: value.rate } };
  }
}

function scopeOf(scope: Subject): readonly Dimension[] {
  return dimensions.filter((dimension) => scope[dimension] !== undefined);
}
