import { expect, test } from "bun:test";
import type { Resolver } from "../dns/resolver.ts";
import { countedResolver } from "./counted-resolver.ts";
import { PrometheusMetrics } from "./metrics.ts";

test("answers are handed on as they are, and counted by type and kind", async () => {
  const metrics = new PrometheusMetrics();
  const plain: Resolver = {
    mx: async (domain) => ({ kind: "failure", reason: domain }),
    a: async () => ({ kind: "records", records: ["192.0.2.1"], ttlMs: 1 }),
    aaaa: async () => ({ kind: "none" }),
    txt: async () => ({ kind: "nxdomain" }),
  };
  const counted = countedResolver(plain, metrics);
  expect(await counted.mx("example.com")).toEqual({ kind: "failure", reason: "example.com" });
  await counted.a("mx.example.com");
  await counted.a("mx.example.com");
  await counted.aaaa("mx.example.com");
  await counted.txt("example.com");
  const text = await metrics.render();
  const lines = text.split("\n").filter((line) => line.startsWith("godwit_dns"));
  expect(lines.toSorted()).toEqual([
    'godwit_dns_answers_total{type="A",kind="records"} 2',
    'godwit_dns_answers_total{type="AAAA",kind="none"} 1',
    'godwit_dns_answers_total{type="MX",kind="failure"} 1',
    'godwit_dns_answers_total{type="TXT",kind="nxdomain"} 1',
  ]);
});
