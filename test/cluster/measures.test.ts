/** What a rule has started at one worker, over real NATS and a real Cassandra. */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { NatsBus } from "#lib/nats/coordination/nats-bus";
import type { Outcome } from "#lib/queue/outcome";
import type { Store } from "#lib/store/store";
import type { Incarnation } from "#lib/stream/journal";
import { silentLog } from "#lib/telemetry/log";
import { adminAnswer, readAdminArguments } from "#proto/admin";
import { type MeasureChange, Measures } from "../../services/delivery/automation/measures.ts";
import { cassandraTables, temporaryStore } from "../conformance/cassandra.ts";
import { temporaryCluster } from "../conformance/cluster.ts";
import { replyOf, rulesFrom } from "../support/automation/rules.ts";
import { incarnation, shard } from "../support/records.ts";
import { sharedNats } from "../support/servers/shared-servers.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const missing = natsMissing() ?? cassandraMissing();
const rules = rulesFrom(`
  - { name: as-asked, reply: slow down, do: { action: hold, scope: [provider, source], for: 1h } }`);
const subject = { destination: "a.example", provider: "google", source: "ip1" };
const closing: (() => Promise<void> | void)[] = [];

/** One worker's measures, and what it hears of them. */
class Worker {
  readonly measures: Measures;
  readonly #heard: MeasureChange[] = [];
  #tell = () => {};

  constructor(name: Incarnation, bus: NatsBus, store: Store) {
    const common = { bus, store, clock: systemClock, log: silentLog };
    this.measures = new Measures({ ...common, me: name, retryMs: 100, rules: () => rules });
    this.measures.onChange((change) => {
      this.#heard.push(change);
      this.#tell();
    });
    const handler = async ({ verb, arguments: args }: { verb: string; arguments: object }) => {
      if (verb !== "measure.bind") throw new Error(`no such verb: ${verb}`);
      this.measures.bind(readAdminArguments(verb, args).measures);
      return adminAnswer(verb, {});
    };
    closing.push(bus.serveWorker({ name, shards: () => [shard(0)], handler }));
    closing.push(() => this.measures.stop());
  }

  async heard(kind: MeasureChange["kind"]): Promise<MeasureChange> {
    for (;;) {
      const found = this.#heard.find((change) => change.kind === kind);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#tell = resolve;
      });
    }
  }
}

async function twoWorkers() {
  const cluster = await temporaryCluster();
  closing.push(cluster.close);
  const { links, names } = await cluster.open();
  const store = await temporaryStore();
  closing.push(store.close);
  const incarnations = ["w1/1", "w2/1"].map(incarnation);
  const standing = "staying" as const;
  const members = async () =>
    incarnations.map((it) => ({ incarnation: it, standing, silentMs: 0 }));
  const start = async (name: Incarnation) => {
    const bus = new NatsBus({
      links,
      names,
      leases: { members },
      clock: systemClock,
      log: silentLog,
    });
    const worker = new Worker(name, bus, store.inner);
    await worker.measures.start();
    return worker;
  };
  const [one, two] = await Promise.all(incarnations.map(start));
  if (one === undefined || two === undefined) throw new Error("there are two");
  await links.publish.flush();
  await links.consume.flush();
  return { one, two, store: store.inner, start };
}

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe.skipIf(missing !== undefined)(titled("measures", missing), () => {
  beforeAll(async () => {
    await Promise.all([sharedNats(), cassandraTables()]);
  }, 240_000);

  test("started at one worker bind the other, and one that comes later, until they are gone", async () => {
    const { one, two, store, start } = await twoWorkers();
    const refused: Outcome = {
      kind: "transient",
      scope: "host",
      status: "4.7.0",
      reason: "slow down",
      reply: replyOf("421 4.7.0 slow down"),
    };
    one.measures.judge([refused], { subject, host: "mx.example" });
    const { measure, isOwn } = await two.heard("started");
    expect([measure.rule, measure.by, isOwn]).toEqual(["as-asked", "w1/1", false]);
    expect(two.measures.heldBy(subject)?.measure).toEqual(measure);
    const three = await start(incarnation("w3/1"));
    await three.heard("started");
    expect(three.measures.heldBy(subject)?.measure).toEqual(measure);
    // As an operator does, whose word reached nobody.
    await store.dropMeasure(measure.id);
    for (const worker of [one, two, three]) await worker.heard("cancelled");
    expect(one.measures.all).toEqual([]);
    expect(await store.measures()).toEqual([]);
  });
});
