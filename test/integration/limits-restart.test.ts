/** Limits of a worker alone on one machine, over a restart (ADR 0012 §7). */
import { expect, test } from "bun:test";
import { systemClock as clock } from "#lib/clock";
import { MemoryResolver } from "#lib/dns/memory-resolver";
import { LocalBus } from "#lib/leases/local-bus";
import type { RateLimit } from "#lib/limits/limit";
import { rateOf } from "#lib/limits/rate";
import { MemoryNetwork } from "#lib/net/memory-transport";
import { seededRandom } from "#lib/random";
import { silentLog } from "#lib/telemetry/log";
import { noMetrics } from "../../services/delivery/metrics.ts";
import { Worker } from "../../services/delivery/worker.ts";
import { type TemporaryQueue, temporaryQueue } from "../conformance/embedded.ts";
import { shards } from "../conformance/fixtures.ts";
import { config } from "../support/delivery/delivery-bench.ts";
import { RecordedEvents } from "../support/events/recorded-events.ts";
import { incarnation, shard } from "../support/records.ts";

const named = { name: "all", kind: "messages", provenance: "shaping.yaml:3" } as const;
const own: RateLimit = { ...named, scope: ["destination"], rate: rateOf(1, 86_400_000) };
const to = { destination: "a.example", provider: "p" };

function workerOver({ queue }: TemporaryQueue, life: number): Worker {
  const { store, journal, leases, log: stream } = queue;
  const ports = {
    config: { ...config, shards },
    ...{ intake: stream, stream, journal, store, leases },
    ...{ clock, log: silentLog, metrics: noMetrics, random: seededRandom(1) },
    bus: new LocalBus({ clock }),
    events: new RecordedEvents(),
    resolver: new MemoryResolver(),
    transport: new MemoryNetwork(clock).transport("192.0.2.1"),
  };
  return new Worker(incarnation(`w/${life}`), ports, () => {});
}

function ask({ limits }: Worker) {
  return limits.acquire(limits.bind(shard(1), [own], to), { messages: 1 }).kind;
}

test("a restart in good order takes them along, though the process is another", async () => {
  let queue = await temporaryQueue();
  const first = workerOver(queue, 1);
  await first.start();
  expect([ask(first), ask(first)]).toEqual(["granted", "refused"]);
  await first.stop();
  expect((await queue.queue.leases.read(shard(1)))?.checkpoint?.limits?.length).toBeGreaterThan(10);
  queue = await queue.reopen();
  const second = workerOver(queue, 2);
  await second.start();
  expect(ask(second)).toBe("refused");
  await second.stop();
  await queue.close();
});
