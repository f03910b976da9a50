import { expect, test } from "bun:test";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { DeliveryBench } from "../../../test/support/delivery/delivery-bench.ts";
import { shapedBy } from "../../../test/support/delivery/shaped.ts";
import { Delivery } from "../delivery.ts";
import { deliveryTelemetry, observeDelivery } from "./telemetry.ts";

const trace = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

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

test("recipients are told by provider, source and tenant, and how long they took; names beyond a limit are one", async () => {
  const metrics = new PrometheusMetrics();
  const told = deliveryTelemetry(metrics);
  for (let n = 0; n < 201; n++) {
    told.recipient("delivered", { provider: "big", source: "ip1", tenant: `t${n}` });
  }
  told.recipient("permanent", { provider: "other", source: undefined, tenant: undefined });
  told.delivered(1_500, { provider: "big", source: "ip1", tenant: "t0" }, trace);
  told.attempt(30, trace);
  const lines = (await metrics.render()).split("\n");
  const by = "godwit_delivery_recipients_by";
  expect(lines.filter((line) => line.startsWith(`${by}_provider_total`))).toEqual([
    `${by}_provider_total{outcome="delivered",provider="big",source="ip1"} 201`,
    `${by}_provider_total{outcome="permanent",provider="other",source="none"} 1`,
  ]);
  const tenants = lines.filter((line) => line.startsWith(`${by}_tenant_total`));
  expect(tenants).toHaveLength(202);
  expect(tenants).toContain(`${by}_tenant_total{outcome="delivered",tenant="other"} 1`);
  expect(tenants).toContain(`${by}_tenant_total{outcome="permanent",tenant="none"} 1`);
  expect(lines).toContain('godwit_delivery_latency_seconds_bucket{provider="big",le="2.5"} 1');
  expect(lines).toContain('godwit_delivery_latency_seconds_bucket{provider="big",le="1"} 0');
  const open = (await metrics.render("openMetrics")).split("\n");
  const traced = open.filter((line) => line.includes(`# {trace_id="${"a".repeat(32)}"`));
  expect(traced.map((line) => line.split(" ")[0])).toEqual([
    'godwit_delivery_attempt_seconds_bucket{le="0.05"}',
    'godwit_delivery_latency_seconds_bucket{provider="big",le="2.5"}',
  ]);
});

test("a delivery tells of its provider, its tenant and the time since it was accepted", async () => {
  const shaping = shapedBy("providers: { big: { match: { domains: [example.net] } } }");
  const bench = new DeliveryBench({ config: { shaping: () => shaping } });
  const metrics = new PrometheusMetrics();
  const delivery = new Delivery("a", { ...bench.ports, metrics: deliveryTelemetry(metrics) });
  const started = delivery.start();
  await bench.clock.advance(0);
  await started;
  observeDelivery(metrics, delivery, bench.clock);
  await bench.acceptMany(2);
  await bench.clock.advance(2_000);
  const text = await metrics.render();
  expect(text).toContain('by_provider_total{outcome="delivered",provider="big",source="none"} 2');
  expect(text).toContain('by_tenant_total{outcome="delivered",tenant="none"} 2');
  expect(text).toContain('godwit_delivery_latency_seconds_count{provider="big"} 2');
  expect(text).toContain("godwit_delivery_journal_seconds_count");
  // One that idles is one, too.
  expect(text).toMatch(/^godwit_delivery_connections{provider="big",source="none"} [12]$/m);
  await bench.clock.advance(60_000);
  expect(await metrics.render()).not.toMatch(/^godwit_delivery_connections{/m);
});
