/** The suppression list among several processes on a real Cassandra: who hears what, and how soon. */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { systemRandom } from "#lib/random";
import { suppressionsInCallMax } from "#lib/store/suppression-list";
import { parseSuppressionKey, type Suppression } from "#lib/suppression/suppression";
import { silentLog } from "#lib/telemetry/log";
import { KnownSuppressions } from "../../services/delivery/suppression/known-suppressions.ts";
import { cassandraTables, type TemporaryStore, temporaryStore } from "../conformance/cassandra.ts";
import { unitOf } from "../support/queued.ts";
import { path } from "../support/records.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";

const missing = cassandraMissing();

const opened: TemporaryStore[] = [];
const running: KnownSuppressions[] = [];
afterEach(async () => {
  for (const known of running.splice(0)) known.stop();
  for (const world of opened.splice(0)) await world.close();
});

interface Node {
  readonly world: TemporaryStore;
  readonly known: KnownSuppressions;
  /** Resolves when it has looked so many times more for news. */
  readonly looks: (count: number) => Promise<void>;
}

/** A worker's, which has read the list. */
async function node(): Promise<Node> {
  const [first] = opened;
  const world = first === undefined ? await temporaryStore() : await first.other();
  opened.push(world);
  const loaded = Promise.withResolvers<void>();
  const inner = world.inner.suppressions;
  const waiting: (() => void)[] = [];
  let looked = 0;
  const news = async (since?: string) => {
    const answer = await inner.news(since);
    looked += 1;
    for (const wake of waiting.splice(0)) wake();
    return answer;
  };
  const known = new KnownSuppressions({
    list: {
      put: (entries) => inner.put(entries),
      lift: (ids) => inner.lift(ids),
      find: (ids) => inner.find(ids),
      page: (filters) => inner.page(filters),
      tenants: (limit) => inner.tenants(limit),
      news,
    },
    clock: systemClock,
    random: systemRandom,
    log: {
      ...silentLog,
      info: (event) => event === "suppressions_loaded" && loaded.resolve(),
    },
    retryMs: 100,
  });
  running.push(known);
  known.start();
  await loaded.promise;
  const looks = async (count: number) => {
    const until = looked + count;
    while (looked < until) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    }
  };
  return { world, known, looks };
}

let names = 0;

function newTenant(): string {
  names += 1;
  return `cluster-${process.pid}-${names}`;
}

function entry(text: string, tenant: string): Suppression {
  const key = parseSuppressionKey(text);
  if (key === undefined) throw new Error(`no key: ${text}`);
  return { key, tenant, reason: "by-hand", at: systemClock.now() };
}

function among({ known }: Node, name: string, tenant: string) {
  return known.among(unitOf({ tenant, recipients: [{ path: path(name) }] }));
}

describe.skipIf(missing !== undefined)(titled("on a real server", missing), () => {
  beforeAll(async () => {
    await cassandraTables();
  }, 240_000);

  test("what one process puts the others know at their next look, and what it lifts at once", async () => {
    const tenant = newTenant();
    const [one, other] = [await node(), await node()];
    const joe = entry("joe@example.net", tenant);
    await one.world.inner.suppressions.put([joe]);
    expect(among(other, "joe@example.net", tenant)).toBeUndefined();
    await other.known.look();
    const found = await among(other, "joe@example.net", tenant);
    expect(found?.size).toBe(1);
    await one.world.inner.suppressions.lift([joe]);
    expect((await among(other, "joe@example.net", tenant))?.size).toBe(0);
  });

  test("they look by themselves, every few seconds", async () => {
    const tenant = newTenant();
    const [one, other] = [await node(), await node()];
    await one.world.inner.suppressions.put([entry("joe@example.net", tenant)]);
    await other.looks(2);
    expect((await among(other, "joe@example.net", tenant))?.size).toBe(1);
  });

  test("who begins later reads thousands of entries, of all tenants", async () => {
    const one = await node();
    const tenants = [newTenant(), newTenant()];
    const count = 3 * suppressionsInCallMax;
    for (const tenant of tenants) {
      const all = Array.from({ length: count }, (_, n) => entry(`u${n}@example.net`, tenant));
      for (let at = 0; at < count; at += suppressionsInCallMax) {
        await one.world.inner.suppressions.put(all.slice(at, at + suppressionsInCallMax));
      }
    }
    const later = await node();
    for (const tenant of tenants) {
      for (const n of [0, 1, count - 1]) {
        expect((await among(later, `u${n}@example.net`, tenant))?.size).toBe(1);
      }
      expect(among(later, `u${count}@example.net`, tenant)).toBeUndefined();
    }
  });
});
