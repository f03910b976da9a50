import { expect, test } from "bun:test";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { DeliveryBench } from "../../../test/support/delivery/delivery-bench.ts";
import { shapedBy } from "../../../test/support/delivery/shaped.ts";
import { Delivery } from "../delivery.ts";
import { observeDelivery } from "./telemetry.ts";

test("what waits is told by reason and provider, and a domain that no file names is one of the others", async () => {
  const shaping = shapedBy(
    "providers: { big: { match: { domains: [example.net] }, messages: 1/h } }",
  );
  const bench = new DeliveryBench({ config: { shaping: () => shaping } });
  const delivery = new Delivery("a", bench.ports);
  const metrics = new PrometheusMetrics();
  observeDelivery(metrics, delivery, bench.clock);
  const waiting = async () => {
    const lines = (await metrics.render()).split("\n");
    return lines.filter((line) => line.startsWith("godwit_queue_waiting_")).toSorted();
  };
  expect(await waiting()).toEqual([]);
  const started = delivery.start();
  await bench.clock.advance(0);
  await started;
  await bench.acceptMany(3);
  // No connection is idle any more.
  await bench.clock.advance(10_000);
  bench.network.refuse("192.0.2.1");
  await bench.acceptMany(1, "other.example");
  await bench.clock.advance(2_000);
  const one = "godwit_queue_waiting_destinations";
  const units = "godwit_queue_waiting_units";
  expect(await waiting()).toEqual([
    `${one}{reason="down",provider="other"} 1`,
    `${one}{reason="messages",provider="big"} 1`,
    `${units}{reason="down",provider="other"} 1`,
    `${units}{reason="messages",provider="big"} 2`,
  ]);
});
