/** What an edge counts, as Prometheus reads it. */
import { expect, test } from "bun:test";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import {
  edgeConfig,
  inboundListener,
  submissionListener,
} from "../../../test/support/edge/edge-config.ts";
import { MemoryEdge } from "../../../test/support/edge/memory-edge.ts";
import type { EdgeConfig } from "../config.ts";
import { edgeTelemetry } from "./telemetry.ts";

async function start(overrides: Partial<EdgeConfig>) {
  const metrics = new PrometheusMetrics();
  const config = edgeConfig(overrides);
  const edge = await MemoryEdge.start(config, { metrics: edgeTelemetry(metrics) });
  return { edge, metrics };
}

test("messages are counted by tenant, with the time that their content took", async () => {
  const trusted = submissionListener({ trustedNetworks: ["198.51.100.0/24"], mayActAs: ["*"] });
  const { edge, metrics } = await start({ listeners: [inboundListener(), trusted] });
  const mail = async (name: string, ...content: string[]) => {
    const client = await edge.client({ name });
    await client.say("MAIL FROM:<a@client.example>", "RCPT TO:<b@local.example>", "DATA");
    await edge.clock.advance(2_000);
    expect(await client.codes(...content, ".")).toEqual(["250 2.0.0"]);
  };
  await mail("inbound", "Subject: x", "", "x");
  await mail("submission", "X-Godwit-Tenant: acme", "Subject: x", "", "x");
  const text = await metrics.render();
  expect(text).toContain('godwit_edge_messages_by_tenant_total{tenant="none"} 1');
  expect(text).toContain('godwit_edge_messages_by_tenant_total{tenant="acme"} 1');
  expect(text).toContain("godwit_edge_content_seconds_count 2");
  expect(text).toContain("godwit_edge_content_seconds_sum 4\n");
});

test("who is turned away is counted by the reason", async () => {
  const proxyProtocol = { trustedNetworks: ["10.0.0.0/24"] };
  const { edge, metrics } = await start({ listeners: [inboundListener({ proxyProtocol })] });
  const client = await edge.connect({ from: "10.0.0.9" });
  await client.say("EHLO client.example");
  expect(await metrics.render()).toContain(
    'godwit_edge_sessions_refused_total{reason="proxyHeader"} 1',
  );
});

test("requests of HTTP are counted by status, and repeats that came too late", async () => {
  const metrics = new PrometheusMetrics();
  const counted = edgeTelemetry(metrics);
  counted.requestAnswered({ listener: "http", status: 202, durationMs: 2_000 });
  counted.requestAnswered({ listener: "http", status: 503, durationMs: 1_000 });
  counted.repeatInDoubt();
  const text = await metrics.render();
  expect(text).toContain('godwit_edge_http_requests_total{listener="http",code="202"} 1');
  expect(text).toContain('godwit_edge_http_requests_total{listener="http",code="503"} 1');
  expect(text).toContain("godwit_edge_http_request_seconds_sum 3\n");
  expect(text).toContain("godwit_edge_http_in_doubt_total 1");
});
