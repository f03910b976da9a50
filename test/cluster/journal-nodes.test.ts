/** A journal on three servers, of which one was cut off and does not know it yet. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { systemClock as clock } from "#lib/clock";
import { connectNats, type NatsLinks } from "#lib/nats/connection";
import { type JetStreamLog, openJetStreamLog } from "#lib/nats/jetstream-log";
import { silentLog as log } from "#lib/telemetry/log";
import { type TemporaryCluster, temporaryCluster } from "../conformance/cluster.ts";
import { collect, destinationIn, eventOf, newUnit, shards } from "../conformance/fixtures.ts";
import { failureOf } from "../support/failure.ts";
import { incarnation, shard } from "../support/records.ts";
import { type NatsServers, startNats } from "../support/servers/nats.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();
const patienceMs = 120_000;
const writer = incarnation("w1/1");
const zero = shard(0);

describe.skipIf(noNats !== undefined)(titled("a leader that was cut off", noNats), () => {
  let nats: NatsServers;
  let cluster: TemporaryCluster;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    nats = await startNats({ nodes: 3 });
    cluster = await temporaryCluster({ servers: nats.servers, replicas: 3 });
  }, patienceMs);
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    await nats?.stop();
  });

  /** As a process has it that reaches these servers. */
  async function openAt(nodes: readonly number[]): Promise<JetStreamLog & { links: NatsLinks }> {
    const servers = nodes.map((node) => nats.servers[node] ?? "");
    const links = await connectNats({ servers, name: "process", clock, log });
    const { names } = cluster;
    const opened = await openJetStreamLog({ links, names, shards, clock, log, name: "suite" });
    closing.push(
      () => links.close(),
      () => opened.close(),
    );
    return { ...opened, links };
  }

  /** One node leads the journal's stream and JetStream as a whole: alone it answers for both. */
  async function soleLeader(): Promise<number> {
    const { links } = await openAt([0, 1, 2]);
    const manager = await jetstreamManager(links.publish);
    const { journalStream } = cluster.names;
    for (;;) {
      const whole = await nats.leader();
      const info = await manager.streams.info(journalStream).catch(() => undefined);
      if (info?.cluster?.leader === `n${whole}`) return whole;
      const wanted = JSON.stringify({ placement: { preferred: `n${whole}` } });
      const stepDown = `$JS.API.STREAM.LEADER.STEPDOWN.${journalStream}`;
      // Nobody answers in the middle of an election.
      await links.publish.request(stepDown, wanted, { timeout: 5_000 }).catch(() => undefined);
    }
  }

  test(
    "vouches for no journal, and does when it leads again",
    async () => {
      const first = await soleLeader();
      const others = [0, 1, 2].filter((node) => node !== first);
      for (const node of others) await nats.pause(node);
      // Nobody tells it that it leads no more, nor what others may have recorded meanwhile.
      const alone = await openAt([first]);
      const failure = await failureOf(collect(alone.journal.replay(writer, zero, 0)));
      expect(String(failure)).toContain("Cannot replay journal");
      for (const node of others) nats.resume(node);
      const event = eventOf(newUnit({ destination: destinationIn(0) }));
      // As a worker does, until they have settled who leads.
      while ((await alone.journal.append(writer, [event]).catch(() => 0)) === 0);
      expect(await collect(alone.journal.replay(writer, zero, 0))).toEqual([event]);
    },
    patienceMs,
  );
});
