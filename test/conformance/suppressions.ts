/** What every inhabitant of SuppressionList must do. Part of the suite of Store. */
import { expect, test } from "bun:test";
import { uidOf } from "#lib/queue/unit";
import { type SuppressionList, suppressionsInCallMax } from "#lib/store/suppression-list";
import { parseSuppressionKey, type Suppression } from "#lib/suppression/suppression";
import { newQueueId } from "./fixtures.ts";

/** Stores of one server are shared: what a test puts is nobody else's. */
let names = 0;

function newName(): string {
  names += 1;
  return `t${names}-${process.pid}`;
}

/** Far in the future: of a store whose clock is the system's, too. */
const farAt = 4_000_000_000_000;

function entry(text: string, rest: Partial<Suppression> = {}): Suppression {
  const key = parseSuppressionKey(text);
  if (key === undefined) throw new Error(`no key: ${text}`);
  return { key, reason: "by-hand", at: 1_795_000_000_000, ...rest };
}

async function everyPage(list: SuppressionList, tenant?: string, limit = 7) {
  const found: Suppression[] = [];
  let after: string | undefined;
  do {
    const of = tenant === undefined ? {} : { tenant };
    const page = await list.page({ ...of, ...(after === undefined ? {} : { after }), limit });
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    found.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  return found;
}

const keysOf = (entries: readonly Pick<Suppression, "key">[]) =>
  entries.map(({ key }) => String(key)).sort();

export function suppressionSuite(list: () => SuppressionList): void {
  test("a suppression is found as it was put, for its tenant or for all", async () => {
    const [domain, tenant] = [`${newName()}.example`, newName()];
    const full = entry(`joe@${domain}`, {
      tenant,
      reason: "bad-mailbox",
      note: "550 5.1.1 no such user: δοκιμή",
      uid: uidOf(newQueueId(), 3),
      expiresAt: farAt,
    });
    const everybodys = entry(domain);
    await list().put([full, everybodys]);
    const { key } = full;
    expect(await list().find([full])).toEqual([full]);
    expect(await list().find([{ key }, { key, tenant: newName() }])).toEqual([]);
    expect(await list().find([everybodys])).toEqual([everybodys]);
    const both = await list().find([everybodys, full, entry(`ann@${domain}`)]);
    expect(keysOf(both)).toEqual(keysOf([full, everybodys]));
  });

  test("the tenants that have entries are told, everybody not among them, and no more than asked for", async () => {
    const own = [newName(), newName(), newName()].sort();
    for (const tenant of own) {
      await list().put([entry("joe@a.example", { tenant }), entry("ann@a.example", { tenant })]);
    }
    await list().put([entry(`${newName()}.example`)]);
    const told = await list().tenants(100_000);
    expect(told.filter((tenant) => own.includes(tenant))).toEqual(own);
    expect(told).not.toContain("");
    expect(await list().tenants(2)).toEqual(told.slice(0, 2));
  });

  test("a suppression is replaced by the next, and stands once", async () => {
    const tenant = newName();
    const first = entry("joe@a.example", { tenant, expiresAt: farAt });
    const second = entry("joe@a.example", { tenant, reason: "complaint" });
    await list().put([first]);
    await list().put([second]);
    expect(await list().find([first])).toEqual([second]);
    expect(await everyPage(list(), tenant)).toEqual([second]);
  });

  test("a suppression is lifted, and may be put again", async () => {
    const tenant = newName();
    const [joe, ann] = [entry("joe@a.example", { tenant }), entry("ann@a.example", { tenant })];
    await list().put([joe, ann]);
    await list().lift([joe, entry("stranger@a.example", { tenant })]);
    await list().lift([joe]);
    expect(await list().find([joe, ann])).toEqual([ann]);
    expect(await everyPage(list(), tenant)).toEqual([ann]);
    await list().put([joe]);
    expect(await list().find([joe])).toEqual([joe]);
  });

  test("a suppression that has ended is none", async () => {
    const tenant = newName();
    const over = entry("joe@a.example", { tenant, at: 1, expiresAt: 2 });
    await list().put([over, entry("ann@a.example", { tenant })]);
    expect(await list().find([over])).toEqual([]);
    expect(keysOf(await everyPage(list(), tenant))).toEqual(["ann@a.example"]);
  });

  test("suppressions are listed in pages, all of them once, of one tenant or of all", async () => {
    const [one, other] = [newName(), newName()];
    const ofOne = Array.from({ length: 40 }, (_, n) => entry(`u${n}@a.example`, { tenant: one }));
    const others = Array.from({ length: 5 }, (_, n) => entry(`u${n}@b.example`, { tenant: other }));
    const everybodys = [entry(`${one}.example`), entry(`${other}.example`)];
    await list().put([...ofOne, ...others, ...everybodys]);
    await list().lift(ofOne.slice(0, 3));
    expect(keysOf(await everyPage(list(), one))).toEqual(keysOf(ofOne.slice(3)));
    expect(keysOf(await everyPage(list(), one, 1))).toEqual(keysOf(ofOne.slice(3)));
    expect(keysOf(await everyPage(list(), other, 5))).toEqual(keysOf(others));
    expect(await everyPage(list(), newName())).toEqual([]);
    const all = await everyPage(list());
    const own = all.filter((it) => it.tenant === one || it.tenant === other);
    expect(keysOf(own)).toEqual(keysOf([...ofOne.slice(3), ...others]));
    expect(keysOf(all)).toEqual(expect.arrayContaining(keysOf(everybodys)));
  });

  test("what is put is news to who asks from before, whoever put it", async () => {
    const tenant = newName();
    const { next, isWhole } = await list().news();
    expect(isWhole).toBe(true);
    const joe = entry("joe@a.example", { tenant, expiresAt: farAt });
    await list().put([joe]);
    const first = await list().news(next);
    expect(first.isWhole).toBe(true);
    expect(first.entries).toContainEqual(expect.objectContaining({ key: joe.key, tenant }));
    const told = first.entries.find((it) => it.tenant === tenant);
    expect(told?.expiresAt).toBe(farAt);
    // One that takes the place of another is news again.
    const { expiresAt: _, ...forGood } = joe;
    await list().put([forGood]);
    const second = await list().news(first.next);
    const again = second.entries.filter((it) => it.tenant === tenant);
    expect(again.at(-1)).not.toHaveProperty("expiresAt");
  });

  test("many at once are told in parts, and none is left out", async () => {
    const tenant = newName();
    let position = (await list().news()).next;
    const many = Array.from({ length: 2 * suppressionsInCallMax }, (_, n) =>
      entry(`u${n}@a.example`, { tenant }),
    );
    for (let at = 0; at < many.length; at += suppressionsInCallMax) {
      await list().put(many.slice(at, at + suppressionsInCallMax));
    }
    const told = new Set<string>();
    let hasMore = true;
    while (hasMore) {
      const news = await list().news(position);
      expect(news.isWhole).toBe(true);
      for (const it of news.entries) if (it.tenant === tenant) told.add(it.key);
      [position, hasMore] = [news.next, news.hasMore];
    }
    expect(told.size).toBe(many.length);
    expect(await everyPage(list(), tenant, suppressionsInCallMax)).toHaveLength(many.length);
  });
}
