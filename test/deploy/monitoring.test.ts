import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Chart, chartFolder, type Manifest } from "../support/deploy/chart.ts";
import { openedChart } from "../support/deploy/opened-chart.ts";
import { titled } from "../support/servers/titled.ts";

const root = join(import.meta.dir, "..", "..");
let chart: Chart;
const missing = openedChart((opened) => {
  chart = opened;
});

const watched = {
  config: {
    hostname: "mta.example.net",
    shards: 16,
    nats: { servers: ["nats://nats.example:4222"] },
    cassandra: { contactPoints: ["cassandra.example"], localDataCenter: "dc1" },
  },
  monitoring: {
    serviceMonitor: { enabled: true, labels: { release: "prometheus" } },
    rules: { enabled: true, labels: { release: "prometheus" } },
    dashboard: { enabled: true },
  },
};

const labels = z.looseObject({ "app.kubernetes.io/name": z.literal("godwit") });
const metadata = z.strictObject({ name: z.string(), labels });

/** As far as these operators' objects are written here: nothing else is in them. */
const foreign = {
  ServiceMonitor: z.strictObject({
    apiVersion: z.literal("monitoring.coreos.com/v1"),
    kind: z.string(),
    metadata,
    spec: z.strictObject({
      selector: z.strictObject({ matchLabels: z.record(z.string(), z.string()) }),
      endpoints: z.array(
        z.strictObject({
          port: z.literal("control"),
          path: z.literal("/metrics"),
          interval: z.string(),
          relabelings: z.array(
            z.strictObject({ sourceLabels: z.array(z.string()), targetLabel: z.string() }),
          ),
        }),
      ),
    }),
  }),
  PrometheusRule: z.strictObject({
    apiVersion: z.literal("monitoring.coreos.com/v1"),
    kind: z.string(),
    metadata,
    spec: z.strictObject({
      groups: z.array(
        z.strictObject({
          name: z.string(),
          rules: z.array(
            z.strictObject({
              alert: z.string().regex(/^Godwit[A-Za-z]+$/),
              expr: z.string(),
              for: z.string().optional(),
              labels: z.strictObject({ severity: z.enum(["critical", "warning"]) }),
              annotations: z.strictObject({ summary: z.string() }),
            }),
          ),
        }),
      ),
    }),
  }),
};

/** Every metric that the program has, with what a histogram makes of its name. */
function knownMetrics(): ReadonlySet<string> {
  const names = new Set<string>();
  const files = new Bun.Glob("services/**/*.ts").scanSync({ cwd: root });
  for (const path of files) {
    if (path.endsWith(".test.ts")) continue;
    const text = readFileSync(join(root, path), "utf8");
    for (const [, name = ""] of text.matchAll(/"(godwit_[a-z_]+)"/g)) {
      for (const end of ["", "_bucket", "_sum", "_count"]) names.add(`${name}${end}`);
    }
    // Those of NATS are named in two parts.
    for (const [, name = ""] of text.matchAll(/^\s+\["([a-z_]+)",/gm))
      names.add(`godwit_nats_${name}`);
  }
  return names;
}

function metricsIn(text: string): string[] {
  return [...new Set(text.match(/\bgodwit_[a-z_]+/g))].sort();
}

function unknown(text: string): string[] {
  const known = knownMetrics();
  return metricsIn(text).filter((name) => !known.has(name));
}

describe.skipIf(missing !== undefined)(titled("monitoring", missing), () => {
  const find = async (kind: keyof typeof foreign): Promise<Manifest> => {
    const found = (await chart.render(watched)).find((object) => object.kind === kind);
    if (found === undefined) throw new Error(`there is no ${kind}`);
    return found;
  };

  test("the monitor selects the Service that has every process", async () => {
    const monitor = foreign.ServiceMonitor.parse(await find("ServiceMonitor"));
    const services = (await chart.render(watched)).filter(({ kind }) => kind === "Service");
    const wanted = Object.entries(monitor.spec.selector.matchLabels);
    const chosen = services.filter(({ metadata: { labels: own = {} } }) =>
      wanted.every(([key, value]) => own[key] === value),
    );
    expect(chosen.map((service) => service.metadata.name)).toEqual(["mail-godwit-metrics"]);
    expect(monitor.metadata.labels).toHaveProperty("release", "prometheus");
  });

  test("the rules name metrics that there are, of this release, and a line of the runbook", async () => {
    const { spec } = foreign.PrometheusRule.parse(await find("PrometheusRule"));
    const rules = spec.groups.flatMap((group) => group.rules);
    const runbook = readFileSync(join(root, "deploy", "helm", "README.md"), "utf8");
    expect(rules.length).toBeGreaterThan(8);
    for (const { alert, expr, annotations } of rules) {
      expect(unknown(expr)).toEqual([]);
      expect(expr).toContain('{namespace="post",job="mail-godwit-metrics"');
      expect(`${expr}${annotations.summary}`).not.toContain("@");
      expect(runbook).toContain(`| \`${alert}\` |`);
    }
    expect(rules.find(({ alert }) => alert === "GodwitShardsWithoutOwner")?.expr).toContain("< 16");
  });

  test("the dashboard names metrics that there are", () => {
    const text = readFileSync(join(chartFolder, "files", "dashboard.json"), "utf8");
    const { panels } = z
      .object({ panels: z.array(z.object({ title: z.string(), targets: z.array(z.unknown()) })) })
      .parse(JSON.parse(text));
    expect(panels.length).toBeGreaterThan(10);
    expect(unknown(JSON.stringify(panels))).toEqual([]);
  });
});
