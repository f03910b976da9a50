import { describe, expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import { parseSuppressionKey, type SuppressionId } from "./suppression.ts";
import { SuppressionFilter } from "./suppression-filter.ts";

const minute = 60_000;
const now = 1_795_000_000_000;

function id(text: string, tenant?: string): SuppressionId {
  const key = parseSuppressionKey(text);
  if (key === undefined) throw new Error(`no key: ${text}`);
  return { key, ...(tenant === undefined ? {} : { tenant }) };
}

const newFilter = (entriesMax?: number) =>
  new SuppressionFilter({
    random: seededRandom(7),
    ...(entriesMax === undefined ? {} : { entriesMax }),
  });

describe("SuppressionFilter", () => {
  test("finds what was added, and nothing that only looks like it", () => {
    const filter = newFilter();
    filter.add(id("joe@example.com", "acme"), now);
    filter.add(id("example.org"), now);
    const has = (text: string, tenant?: string) => filter.has(id(text, tenant), now);
    expect(has("joe@example.com", "acme")).toBe(true);
    expect(has("example.org")).toBe(true);
    for (const [text, tenant] of [
      ["joe@example.com", undefined],
      ["joe@example.com", "acm"],
      ["example.com", "acme"],
      ["joe@example.org", undefined],
    ] as const) {
      expect([text, tenant, has(text, tenant)]).toEqual([text, tenant, false]);
    }
  });

  test("an entry ends with its minute, and a longer one replaces it", () => {
    const filter = newFilter();
    const joe = id("joe@example.com");
    filter.add({ ...joe, expiresAt: now + 5 * minute }, now);
    expect(filter.has(joe, now + 5 * minute - 1)).toBe(true);
    expect(filter.has(joe, now + 6 * minute + 1)).toBe(false);
    filter.add({ ...joe, expiresAt: now + 9 * minute }, now);
    filter.add({ ...joe, expiresAt: now + 7 * minute }, now);
    expect(filter.has(joe, now + 9 * minute - 1)).toBe(true);
    filter.add(joe, now);
    expect(filter.has(joe, now * 10)).toBe(true);
  });

  test("what is over already takes no room", () => {
    const filter = newFilter(0);
    for (let i = 0; i < 2_000; i++)
      filter.add({ ...id(`u${i}@example.com`), expiresAt: now - minute }, now);
    expect(filter.isFull).toBe(false);
  });

  test("what was removed is gone until it is added again, and hides nothing behind it", () => {
    const filter = newFilter();
    const all = Array.from({ length: 500 }, (_, i) => id(`u${i}@example.com`));
    for (const one of all) filter.add(one, now);
    const even = all.filter((_, i) => i % 2 === 0);
    for (const one of even) filter.remove(one);
    filter.remove(id("stranger@example.com"));
    expect(all.map((one) => filter.has(one, now))).toEqual(all.map((_, i) => i % 2 === 1));
    for (const one of even) filter.add(one, now);
    expect(all.every((one) => filter.has(one, now))).toBe(true);
  });

  test("grows with what is in force, and forgets the rest", () => {
    const filter = newFilter();
    const small = filter.size;
    const expired = now + 2 * minute;
    for (let i = 0; i < 50_000; i++)
      filter.add({ ...id(`old${i}@example.com`), expiresAt: now + minute }, now);
    const large = filter.size;
    expect(large).toBeGreaterThan(small);
    const kept = Array.from({ length: 20_000 }, (_, i) => id(`new${i}@example.com`, "acme"));
    for (const one of kept) filter.add(one, expired);
    expect(filter.size).toBe(large);
    expect(kept.every((one) => filter.has(one, expired))).toBe(true);
    const strangers = Array.from({ length: 20_000 }, (_, i) => id(`new${i}@example.com`, "blue"));
    expect(strangers.some((one) => filter.has(one, expired))).toBe(false);
  });

  test("says so when there is no room for more", () => {
    const filter = newFilter(600);
    for (let i = 0; i < 614; i++) filter.add(id(`u${i}@example.com`), now);
    expect(filter.isFull).toBe(false);
    for (let i = 614; i < 616; i++) filter.add(id(`u${i}@example.com`), now);
    expect(filter.isFull).toBe(true);
    expect(filter.has(id("u0@example.com"), now)).toBe(true);
  });
});
