/** Idempotency keys on three servers, of which one after the other is killed (ADR 0025). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { IdempotencyUnavailable } from "#lib/idempotency/idempotency";
import { NatsIdempotencyKeys } from "#lib/nats/coordination/nats-idempotency-keys";
import { type TemporaryCluster, temporaryCluster } from "../conformance/cluster.ts";
import { type NatsServers, startNats } from "../support/servers/nats.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();
const patienceMs = 240_000;
/** Clients at once, and requests of each between two kills; each goes to both edges. */
const clients = 20;
const requestsEach = 10;
const fingerprint = new Uint8Array(32);

describe.skipIf(noNats !== undefined)(titled("idempotency keys on three servers", noNats), () => {
  let nats: NatsServers;
  let cluster: TemporaryCluster;
  const edges: NatsIdempotencyKeys[] = [];

  beforeAll(async () => {
    nats = await startNats({ nodes: 3, sync: "always" });
    cluster = await temporaryCluster({ servers: nats.servers, replicas: 3 });
    for (let n = 0; n < 2; n++) {
      const { links, names } = await cluster.open();
      edges.push(await NatsIdempotencyKeys.open({ links, names, clock: systemClock }));
    }
  }, patienceMs);
  afterAll(async () => {
    for (const edge of edges) edge.close();
    await cluster?.close();
    await nats?.stop();
  }, patienceMs);

  test(
    "each key is new once at most, and who was answered stays answered, while each of them dies in turn",
    async () => {
      const newUnder = new Map<string, string[]>();
      const answered = new Map<string, string>();
      const heard: (readonly [key: string, answer: string])[] = [];

      const submit = async (edge: NatsIdempotencyKeys, key: string, uid: string) => {
        try {
          const beginning = await edge.begin("acme", key, fingerprint, uid);
          if (beginning.kind === "finished")
            heard.push([key, String(Buffer.from(beginning.answer))]);
          if (beginning.kind !== "new") return;
          newUnder.set(key, [...(newUnder.get(key) ?? []), uid]);
          await edge.finish("acme", key, Buffer.from(uid));
          answered.set(key, uid);
        } catch (error) {
          expect(error).toBeInstanceOf(IdempotencyUnavailable);
        }
      };
      const client = async (round: number, n: number) => {
        for (let i = 0; i < requestsEach; i++) {
          const key = `${round}/${n}/${i}`;
          await Promise.all(edges.map((edge, which) => submit(edge, key, `${key}/${which}`)));
        }
      };
      const load = (round: number) =>
        Promise.all(Array.from({ length: clients }, (_, n) => client(round, n)));

      for (const node of [0, 1, 2]) {
        const loading = load(node);
        await nats.kill(node);
        await loading;
        await nats.restart(node);
      }
      await load(3);

      expect([...newUnder.values()].filter((uids) => uids.length !== 1)).toEqual([]);
      // With all three there nobody is refused, and one of both edges has it.
      expect([...answered.keys()].filter((key) => key.startsWith("3/"))).toHaveLength(
        clients * requestsEach,
      );
      expect(heard.filter(([key, answer]) => newUnder.get(key)?.[0] !== answer)).toEqual([]);
      const wrong: string[] = [];
      for (const [key, uid] of answered) {
        for (const edge of edges) {
          const again = await edge.begin("acme", key, fingerprint, `${key}/again`);
          const answer = again.kind === "finished" ? String(Buffer.from(again.answer)) : again.kind;
          if (answer !== uid) wrong.push(`${key}: ${answer}`);
        }
      }
      expect(wrong).toEqual([]);
    },
    patienceMs,
  );
});
