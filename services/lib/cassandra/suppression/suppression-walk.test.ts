import { describe, expect, test } from "bun:test";
import { parseSuppressionKey } from "#lib/suppression/suppression";
import { SuppressionRows } from "../../../../test/support/cassandra/suppression-rows.ts";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { Requests } from "../driver/requests.ts";
import { SuppressionWalk, slots } from "./suppression-walk.ts";

function world() {
  const rows = new SuppressionRows();
  const clock = new ManualClock();
  return { rows, clock, walk: new SuppressionWalk(new Requests(rows, clock), clock) };
}

function keyOf(name: string) {
  const key = parseSuppressionKey(`${name}@a.example`);
  if (key === undefined) throw new Error(`no key: ${name}`);
  return key;
}

async function walked(walk: SuppressionWalk, limit: number, tenant?: string) {
  const found: string[] = [];
  let after: string | undefined;
  let pages = 0;
  do {
    const of = { ...(tenant === undefined ? {} : { tenant }), limit };
    const page = await walk.page({ ...of, ...(after === undefined ? {} : { after }) });
    found.push(...page.entries.map((it) => `${it.tenant} ${it.key.split("@")[0]}`));
    after = page.next;
    pages += 1;
  } while (after !== undefined);
  return { found, pages };
}

describe("SuppressionWalk", () => {
  test.each([1, 2, 3, 5, 1_000])("goes through all of it once, %i at a time", async (limit) => {
    const { rows, walk } = world();
    const expected: string[] = [];
    for (const tenant of ["", "acme", "blue"]) {
      for (const [slot, count] of [
        [0, 3],
        [1, 1],
        [5, 2],
        [slots - 1, 4],
      ] as const) {
        for (let n = 0; n < count; n++) {
          rows.put(tenant, slot, keyOf(`s${slot}n${n}`));
          expected.push(`${tenant} s${slot}n${n}`);
        }
      }
    }
    const { found } = await walked(walk, limit);
    expect(found).toEqual(expected);
    expect((await walked(walk, limit, "acme")).found).toEqual(
      expected.filter((it) => it.startsWith("acme")),
    );
  });

  test("what was lifted is passed over, and ends no page for good", async () => {
    const { rows, walk } = world();
    for (let n = 0; n < 9; n++) rows.put("acme", 3, keyOf(`n${n}`), n === 8);
    expect(await walked(walk, 2)).toMatchObject({ found: ["acme n8"] });
  });

  test("many tenants with little need few questions", async () => {
    const { rows, walk } = world();
    for (let n = 0; n < 20; n++) rows.put(`t${n}`, (n * 7) % slots, keyOf("joe"));
    const { found, pages } = await walked(walk, 1_000);
    expect([found.length, pages]).toEqual([20, 1]);
    // Each slot is asked once.
    expect(rows.reads).toBe(1 + 20 * slots);
  });

  test("a full slot is not read together with others", async () => {
    const { rows, walk } = world();
    for (let n = 0; n < 50; n++) rows.put("acme", 0, keyOf(`n${String(n).padStart(2, "0")}`));
    await walk.page({ tenant: "acme", limit: 10 });
    expect(rows.reads).toBe(1);
  });

  test("gives up in time, and says how far it came", async () => {
    const { rows, clock, walk } = world();
    for (const tenant of ["acme", "blue"]) rows.put(tenant, 0, keyOf("joe"));
    const { execute } = rows.client;
    rows.client.execute = (...asked: Parameters<typeof execute>) => {
      clock.advance(200);
      return execute(...asked);
    };
    const { found, pages } = await walked(walk, 1_000);
    expect(found).toEqual(["acme joe", "blue joe"]);
    expect(pages).toBeGreaterThan(1);
  });
});
