/** What every inhabitant of Store must do with bounces. Names are of one test alone: others share the tables. */
import { expect, test } from "bun:test";
import type { Bounce } from "#lib/bounces/bounce";
import { dayMs } from "#lib/bounces/bounce-count";
import type { BounceQuery } from "#lib/bounces/bounce-query";
import { type Destination, queueIdOf, uidOf } from "#lib/queue/unit";
import type { Store } from "#lib/store/store";
import { bounceOf } from "../support/bounces.ts";
import { failureOf } from "../support/failure.ts";
import { destination } from "../support/records.ts";
import { epoch, newQueueId } from "./fixtures.ts";

const midnight = Math.floor(epoch / dayMs) * dayMs;
let names = 0;

function ownName(): string {
  names += 1;
  return `t${newQueueId().toLowerCase()}${names}`;
}

/** Makes bounces of one destination that nobody else has, `n` hours after midnight. */
function maker(where: Destination = destination(`${ownName()}.example`)) {
  const bounce = (hours: number, given: Parameters<typeof bounceOf>[0] = {}): Bounce =>
    bounceOf({
      uid: uidOf(newQueueId(), 0),
      at: midnight + hours * 3_600_000,
      destination: where,
      path: `b${hours}@${where}`,
      ...given,
    });
  return { where, bounce };
}

async function allOf(store: Store, query: BounceQuery): Promise<readonly Bounce[]> {
  const found: Bounce[] = [];
  let next: string | undefined;
  do {
    const page = await store.bounces({ ...query, ...(next === undefined ? {} : { after: next }) });
    expect(page.bounces.length).toBeLessThanOrEqual(query.limit);
    found.push(...page.bounces);
    next = page.next;
  } while (next !== undefined);
  return found;
}

export function bounceSuite(store: () => Store): void {
  finding(store);
  counting(store);
}

function finding(store: () => Store): void {
  test("bounces are found by destination and time, oldest first, over several days", async () => {
    const { where, bounce } = maker();
    const [a, b, c, d] = [bounce(1), bounce(5), bounce(30), bounce(50)];
    await store().recordBounces([c, a, d, b, maker().bounce(2)]);
    const found = (query: Omit<BounceQuery, "limit">) =>
      allOf(store(), { destination: where, limit: 2, ...query });
    expect(await found({})).toEqual([a, b, c, d]);
    expect(await found({ since: b.at, until: d.at })).toEqual([b, c]);
    expect(await found({ since: b.at + 1, until: d.at + 1 })).toEqual([c, d]);
    expect(await found({ since: d.at + 1 })).toEqual([]);
    const all = await allOf(store(), { since: a.at, until: a.at + 1, limit: 100 });
    expect(all).toContainEqual(a);
    expect(all.map(({ at }) => at)).not.toContain(b.at);
  });

  test("they are found by recipient, message, tenant and campaign, and by all at once", async () => {
    const { where, bounce } = maker();
    const [tenant, campaign] = [ownName(), ownName()];
    const path = `Bob@${where}`;
    const a = bounce(1, { path, tenant, campaign });
    const b = bounce(2, { tenant, class: "quota" });
    const c = bounce(3, { path: path.toLowerCase(), campaign, kind: "expired" });
    await store().recordBounces([a, b, c]);
    const found = (query: Omit<BounceQuery, "limit">) => allOf(store(), { limit: 1, ...query });
    expect(await found({ recipient: path.toUpperCase() })).toEqual([a, c]);
    expect(await found({ queueId: queueIdOf(b.uid) })).toEqual([b]);
    expect(await found({ tenant })).toEqual([a, b]);
    expect(await found({ campaign })).toEqual([a, c]);
    expect(await found({ campaign, tenant })).toEqual([a]);
    expect(await found({ tenant, class: "quota" })).toEqual([b]);
    expect(await found({ recipient: path, since: b.at })).toEqual([c]);
    expect(
      await found({ queueId: queueIdOf(a.uid), destination: destination("no.example") }),
    ).toEqual([]);
  });

  test("units and recipients of one message are told apart", async () => {
    const { bounce } = maker();
    const id = newQueueId();
    const mine = [0, 1].flatMap((n) =>
      ["a", "b"].map((name, i) =>
        bounce(n * 2 + i, { uid: uidOf(id, n), path: `${name}@x.example` }),
      ),
    );
    await store().recordBounces(mine);
    expect(await allOf(store(), { queueId: id, limit: 3 })).toEqual(mine);
  });

  test("one is recorded once, also at another time and with another text: the first stays", async () => {
    const { where, bounce } = maker();
    const tenant = ownName();
    const first = bounce(1, { tenant });
    const again = { ...first, at: first.at + dayMs, text: "again", class: "unknown" as const };
    const expired = { ...first, kind: "expired" as const, at: first.at + 1 };
    await store().recordBounces([first]);
    await store().recordBounces([again]);
    await store().recordBounces([first, expired]);
    expect(await allOf(store(), { destination: where, limit: 9 })).toEqual([first, expired]);
    expect(await allOf(store(), { tenant, limit: 9 })).toEqual([first, expired]);
    expect(await allOf(store(), { recipient: first.recipient.path, limit: 9 })).toEqual([
      first,
      expired,
    ]);
    expect(await store().countBounces({ tenant })).toEqual([
      { day: midnight, class: "bad-mailbox", count: 2 },
    ]);
  });

  test("hundreds of one millisecond come in pages, each once", async () => {
    const { where, bounce } = maker();
    const bounces = Array.from({ length: 250 }, () => bounce(1));
    await store().recordBounces(bounces);
    const found = await allOf(store(), { destination: where, limit: 40 });
    expect(found.map(({ uid }) => uid)).toEqual(bounces.map(({ uid }) => uid).sort());
  });

  test("what matches seldom is found behind what does not", async () => {
    const { where, bounce } = maker();
    const bounces = Array.from({ length: 2_500 }, (_, n) => bounce(1, { at: midnight + n }));
    const seldom = bounce(2, { class: "virus" });
    for (let n = 0; n < bounces.length; n += 500)
      await store().recordBounces(bounces.slice(n, n + 500));
    await store().recordBounces([seldom]);
    expect(await allOf(store(), { destination: where, class: "virus", limit: 5 })).toEqual([
      seldom,
    ]);
  }, 60_000);

  test("a cursor that is none is refused", async () => {
    expect(await failureOf(store().bounces({ after: "x", limit: 1 }))).toBeInstanceOf(RangeError);
  });

  test("every field and character comes back", async () => {
    const { where, bounce } = maker();
    const full = bounce(1, {
      tenant: ownName(),
      campaign: "spring \u0000 '\"; -- 😀",
      source: "192.0.2.1",
      remote: "mx1.example.com",
      text: "\u001b[2J\ufffd\u2028",
    });
    const { code: _, ...bare } = bounce(2, { path: `"a b\\"c"@${where}`, reversePath: "" });
    await store().recordBounces([full, bare]);
    expect(await allOf(store(), { destination: where, limit: 9 })).toEqual([full, bare]);
    expect(await allOf(store(), { campaign: full.campaign ?? "", limit: 9 })).toEqual([full]);
  });
}

function counting(store: () => Store): void {
  test("counts are by day and class, of a destination, a tenant, a campaign", async () => {
    const { where, bounce } = maker();
    const [tenant, campaign] = [ownName(), ownName()];
    await store().recordBounces([
      bounce(1, { tenant, campaign }),
      bounce(2, { tenant, class: "quota" }),
      bounce(3, { campaign, class: "quota" }),
      bounce(23.9, { tenant, campaign }),
      bounce(24, { tenant, campaign }),
    ]);
    const counts = async (
      query: Parameters<Store["countBounces"]>[0],
    ): Promise<readonly (readonly (string | number)[])[]> =>
      (await store().countBounces(query)).map((it) => [
        (it.day - midnight) / dayMs,
        it.class,
        it.count,
      ]);
    const everything = [
      [0, "bad-mailbox", 2],
      [0, "quota", 2],
      [1, "bad-mailbox", 1],
    ];
    expect(await counts({ destination: where })).toEqual(everything);
    expect(await counts({ tenant })).toEqual([
      [0, "bad-mailbox", 2],
      [0, "quota", 1],
      [1, "bad-mailbox", 1],
    ]);
    expect(await counts({ campaign })).toEqual([
      [0, "bad-mailbox", 2],
      [0, "quota", 1],
      [1, "bad-mailbox", 1],
    ]);
    expect(await counts({ campaign, tenant })).toEqual([
      [0, "bad-mailbox", 2],
      [1, "bad-mailbox", 1],
    ]);
    expect(await counts({ destination: where, class: "quota" })).toEqual([[0, "quota", 2]]);
    expect(await counts({ destination: where, since: midnight + dayMs })).toEqual([
      [1, "bad-mailbox", 1],
    ]);
    expect(await counts({ destination: where, until: midnight + dayMs })).toEqual(
      everything.slice(0, 2),
    );
    expect(await counts({ destination: destination(`${ownName()}.example`) })).toEqual([]);
    const all = await counts({ since: midnight, until: midnight + 1, class: "quota" });
    expect(all[0]?.[2]).toBeGreaterThanOrEqual(2);
  });

  test("counts go on where they were, and a repeat of a call adds nothing", async () => {
    const { where, bounce } = maker();
    const bounces = Array.from({ length: 30 }, (_, n) => bounce(n / 2));
    await Promise.all(bounces.map((it) => store().recordBounces([it])));
    await store().recordBounces(bounces);
    await store().recordBounces([bounce(1, { path: "late@x.example" })]);
    const counts = await store().countBounces({ destination: where });
    expect(counts).toEqual([{ day: midnight, class: "bad-mailbox", count: 31 }]);
  });

  test("texts that no rule knows are counted without what differs each time", async () => {
    const { where, bounce } = maker();
    const word = where.replace(/[0-9.]/g, "x");
    const text = (n: number) => `${word.slice(0, 38)} for b${n}@example.com, ref 1${n}2${n}`;
    const unknown = (n: number) => bounce(n, { class: "unknown", text: text(n), status: "5.0.0" });
    await store().recordBounces([unknown(1), unknown(2), bounce(3, { text: text(3) })]);
    await store().recordBounces([unknown(30), unknown(26)]);
    const found = await store().unknownBounces({ limit: 1_000 });
    const normalised = `550 5.0.0 ${word.slice(0, 38)} for <address>, ref <n>`;
    const mine = found.filter((it) => it.text === normalised);
    expect(mine).toEqual([
      { text: normalised, count: 4, lastAt: midnight + 30 * 3_600_000, example: text(30) },
    ]);
    const second = await store().unknownBounces({ since: midnight + dayMs, limit: 1_000 });
    expect(second.find((it) => it.text === normalised)?.count).toBe(2);
    expect(await store().unknownBounces({ limit: 1 })).toHaveLength(1);
  });

  test("texts that are always different do not fill the store", async () => {
    const { bounce } = maker();
    const letters = (n: number) =>
      n.toString(26).replace(/[0-9]/g, (d) => "qrstuvwxyz"[Number(d)] ?? "");
    const words = Array.from({ length: 700 }, (_, n) => `never ${letters(n + 26 ** 3)} again`);
    const day = 40 * 24;
    await store().recordBounces(words.map((text) => bounce(-day, { class: "unknown", text })));
    const found = await store().unknownBounces({ until: midnight - 39 * dayMs, limit: 1_000 });
    expect(found.length).toBeLessThanOrEqual(701);
    expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(700);
  });
}
