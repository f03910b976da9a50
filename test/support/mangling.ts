/** Changes to bytes that were well-formed, as fast-check draws them. */
import fc from "fast-check";

export interface Change {
  readonly at: number;
  readonly to: number;
  readonly how: "set" | "insert" | "remove" | "cut";
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(2_000),
  to: fc.nat(255),
  how: fc.constantFrom("set", "insert", "remove", "cut"),
});

export const changes = fc.array(change, { minLength: 1, maxLength: 6 });

/** The first `keep` bytes stay; a cut is rare, or little else would be seen. */
export function mangled(bytes: Uint8Array, drawn: readonly Change[], keep = 0): Uint8Array {
  const result = [...bytes];
  for (const { at, to, how } of drawn) {
    const place = keep + (at % Math.max(1, result.length - keep));
    if (how === "set") result[place] = to;
    else if (how === "insert") result.splice(place, 0, to);
    else if (how === "remove") result.splice(place, 1);
    else if (to < 40) result.length = place;
  }
  return Uint8Array.from(result);
}
