import { describe, expect, test } from "bun:test";
import { basename } from "node:path";
import { generate } from "selfsigned";
import { parse } from "yaml";
import { z } from "zod";
import { loadConfig } from "#lib/config/load";
import type { RoleName } from "#lib/config/role";
import { wantedStreamsOf } from "#lib/role/cluster/cluster-options";
import { Chart, fileOf, type Manifest, named } from "../support/deploy/chart.ts";
import { InstalledApi } from "../support/deploy/installed-api.ts";
import { openedChart } from "../support/deploy/opened-chart.ts";
import { titled } from "../support/servers/titled.ts";

let chart: Chart;
const missing = openedChart((opened) => {
  chart = opened;
});

const pair = await generate([{ name: "commonName", value: "mta.example.net" }]);

const small = { config: { hostname: "mta.example.net" } };
const bundled = {
  ...small,
  nats: { bundled: { enabled: true } },
  cassandra: { bundled: { enabled: true } },
};
const external = {
  config: {
    hostname: "mta.example.net",
    nats: { servers: ["nats://nats.example:4333"] },
    cassandra: { contactPoints: ["cassandra.example"], localDataCenter: "dc1" },
  },
};

const podTemplate = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }).optional(),
  spec: z.looseObject({
    terminationGracePeriodSeconds: z.number().optional(),
    automountServiceAccountToken: z.boolean(),
    securityContext: z.looseObject({ runAsNonRoot: z.boolean() }),
    initContainers: z.array(z.looseObject({ name: z.string() })).optional(),
    containers: z.array(
      z.looseObject({
        securityContext: z.looseObject({}),
        env: z.array(z.looseObject({ name: z.string() })).optional(),
        lifecycle: z.unknown().optional(),
      }),
    ),
    volumes: z.array(z.looseObject({ name: z.string() })),
  }),
});

function podOf(manifest: Manifest) {
  const spec = z.looseObject({ template: podTemplate.optional() }).parse(manifest.spec);
  return spec.template ?? podTemplate.parse(manifest);
}

function pods(manifests: readonly Manifest[]) {
  const kinds = ["Deployment", "StatefulSet", "Job", "Pod"];
  return manifests.filter(({ kind }) => kinds.includes(kind)).map(podOf);
}

describe.skipIf(missing !== undefined)(titled("the chart", missing), () => {
  test.each(Chart.examples.map((file) => [basename(file), file]))(
    "%s is without fault, and so is every object for the API",
    async (_, file) => {
      const { code, out, err } = await chart.lint(file);
      expect([code, err, /\[(WARNING|ERROR)\]/.test(out)]).toEqual([0, "", false]);
      const checked = await chart.check(await chart.render(file));
      expect(checked.out).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/);
      expect(checked.code).toBe(0);
    },
  );

  test("a key that cert-manager or KEDA does not know is a fault, too", async () => {
    const manifests = await chart.render(external, {
      keda: { prometheus: "http://prometheus:9090" },
      delivery: { autoscaling: { enabled: true, metric: { by: "keda" } } },
      tls: { certManager: { enabled: true, issuer: { name: "ours" } } },
    });
    for (const kind of ["Certificate", "ScaledObject"]) {
      const right = manifests.filter((it) => it.kind === kind);
      expect((await chart.check(right)).out).toMatch(/Valid: 1, Invalid: 0, Errors: 0, Skipped: 0/);
      const wrong = right.map((it) => ({ ...it, spec: Object.assign({ unknown: 1 }, it.spec) }));
      expect((await chart.check(wrong)).out).toMatch(/Valid: 0, Invalid: 1, Errors: 0, Skipped: 0/);
    }
  });

  test.each(Chart.examples.map((file) => [basename(file), file]))(
    "the roles take the configuration that %s makes for them",
    async (_, file) => {
      const manifests = await chart.render(file);
      for (const role of ["edge", "delivery", "control"] as const) {
        const text = fileOf(manifests, `-${role}`);
        expect(faultsOf(text, role)).toEqual([]);
      }
    },
  );

  test("each role has what it needs, and no other's secret", async () => {
    const login = { user: "g", password: { file: "secrets/socks" } };
    const proxy = { kind: "socks5", address: "10.0.0.10", port: 1080, ...login };
    const manifests = await chart.render(external, {
      config: {
        users: [{ name: "shop", passwordHash: { file: "secrets/shop.hash" } }],
        nats: { user: "g", password: { file: "secrets/nats-password" } },
        cassandra: { username: "g", password: { file: "secrets/cassandra-password" } },
        delivery: {
          sources: [{ name: "ip1", proxy }],
          pools: [{ name: "all", sources: { ip1: 1 } }],
        },
      },
      secrets: { existing: "mail-secrets" },
      tls: { secret: "mta-tls" },
    });
    const files = (role: string) => {
      const pod = podOf(named(manifests, "Deployment", `-${role}`));
      const text = JSON.stringify(pod.spec.volumes);
      const paths = [...text.matchAll(/"path":"([^"]+)"/g)].map(([, path = ""]) => path);
      return paths.toSorted();
    };
    expect(files("edge")).toEqual([
      "secrets/nats-password",
      "secrets/shop.hash",
      "tls/tls.crt",
      "tls/tls.key",
    ]);
    expect(files("delivery")).toEqual([
      "secrets/cassandra-password",
      "secrets/nats-password",
      "secrets/socks",
    ]);
    expect(files("control")).toEqual([
      "operators/token",
      "secrets/cassandra-password",
      "secrets/nats-password",
    ]);
    // It knows the pools all the same.
    expect(faultsOf(fileOf(manifests, "-edge"), "edge")).toEqual([]);
  });

  test("roles may have logins of their own at NATS that is elsewhere", async () => {
    const own = (role: string) => ({
      nats: { user: `godwit-${role}`, password: { file: `secrets/nats-${role}` } },
    });
    const manifests = await chart.render(external, {
      config: { nats: { credentials: { file: "secrets/nats.creds" } } },
      ...{ edge: own("edge"), control: own("control"), schema: own("admin") },
      secrets: { existing: "mail-secrets" },
    });
    const loginOf = (text: string) => {
      const { nats } = z.object({ nats: z.looseObject({}) }).parse(parse(text));
      const { servers: _servers, ...login } = nats;
      return login;
    };
    expect(loginOf(fileOf(manifests, "-edge"))).toEqual(own("edge").nats);
    expect(loginOf(fileOf(manifests, "-control"))).toEqual(own("control").nats);
    expect(loginOf(fileOf(manifests, "-schema", "schema.yaml"))).toEqual(own("admin").nats);
    const credentials = { file: "secrets/nats.creds" };
    expect(loginOf(fileOf(manifests, "-delivery"))).toEqual({ credentials });
    const edge = JSON.stringify(podOf(named(manifests, "Deployment", "-edge")).spec.volumes);
    expect(edge).toContain('"path":"secrets/nats-edge"');
    for (const other of ["nats-control", "nats-admin", "nats.creds"]) {
      expect(edge).not.toContain(other);
    }
  });

  test("every pod is restricted, has no rights in the API, and no secret among its arguments", async () => {
    const manifests = [...(await chart.render(bundled)), ...(await chart.render(external))];
    const all = pods(manifests);
    expect(all.length).toBeGreaterThanOrEqual(11);
    for (const { spec } of all) {
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      for (const container of spec.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        for (const { name, ...from } of container.env ?? []) {
          if (/PASSWORD|TOKEN/.test(name)) expect(from).toHaveProperty("valueFrom.secretKeyRef");
        }
      }
    }
  });

  test("the schema and every role keep large content for as long as mail may wait", async () => {
    const delivery = { retry: { lifetime: "10d" }, sessionsMax: 10 };
    const longer = { config: { delivery, scheduling: { upTo: "20d" } } };
    for (const values of [external, bundled]) {
      const manifests = await chart.render(values, longer);
      const job = manifests.find(({ kind }) => kind === "Job")?.metadata.name ?? "";
      const written = [
        fileOf(manifests, job, "schema.yaml"),
        ...["-edge", "-delivery", "-control"].map((end) => fileOf(manifests, end)),
      ];
      const ages = written.map((text) => bodyAgeMs(text));
      expect(new Set(ages)).toEqual(new Set([(10 + 20 + 1) * 86_400_000]));
    }
  });

  test("an edge has the time to drain that its configuration gives it", async () => {
    const grace = async (stop: string) => {
      const values = { edge: { preStopSeconds: 7 }, config: { limits: { stop } } };
      const edge = named(await chart.render(external, values), "Deployment", "-edge");
      const { spec } = podOf(edge);
      expect(spec.containers[0]?.lifecycle).toEqual({ preStop: { sleep: { seconds: 7 } } });
      return spec.terminationGracePeriodSeconds;
    };
    expect([await grace("1m30s"), await grace("500ms")]).toEqual([7 + 90 + 15, 7 + 1 + 15]);
    const worker = named(await chart.render(external), "Deployment", "-delivery");
    // 30 s for attempts that run.
    expect(podOf(worker).spec.terminationGracePeriodSeconds).toBeGreaterThan(30);
  });

  test("the runtime knows how much memory is its own", async () => {
    const manifests = await chart.render(external, {
      delivery: { resources: { limits: { memory: "2Gi" } } },
    });
    const { spec } = podOf(named(manifests, "Deployment", "-delivery"));
    const half = { name: "BUN_JSC_forceRAMSize", value: String(1024 ** 3) };
    expect(spec.containers[0]?.env).toEqual([half]);
  });

  test("a change of what a role reads makes its pods anew, and no other's", async () => {
    const sums = async (values: object) => {
      const manifests = await chart.render(external, { ...values });
      return ["edge", "delivery"].map((role) => {
        const { metadata } = podOf(named(manifests, "Deployment", `-${role}`));
        return metadata?.annotations?.["checksum/config"];
      });
    };
    const [edge, delivery] = await sums({});
    const [otherEdge, sameDelivery] = await sums({ config: { limits: { idle: "1m" } } });
    expect(otherEdge).not.toBe(edge);
    expect(sameDelivery).toBe(delivery);
    const [shapedEdge] = await sums({ shaping: { default: { connections: 3 } } });
    expect(shapedEdge).not.toBe(edge);
  });

  test("the schema is made before all else; beside servers that are bundled, while the roles wait", async () => {
    const before = named(await chart.render(external), "Job", "-schema");
    expect(before.metadata.annotations?.["helm.sh/hook"]).toContain("pre-upgrade");
    const beside = await chart.render(bundled);
    const job = beside.find(({ kind }) => kind === "Job");
    expect(job?.metadata.annotations?.["helm.sh/hook"]).toBeUndefined();
    const { spec } = podOf(named(beside, "Deployment", "-edge"));
    expect(spec.initContainers).toMatchObject([
      {
        args: ["schema", "apply", "--check", "--wait", "--role", "edge", "--config", "godwit.yaml"],
      },
    ]);
    const text = fileOf(beside, job?.metadata.name ?? "", "schema.yaml");
    expect(faultsOf(text, "delivery")).toEqual([]);
    const other = await chart.render(bundled, { config: { shards: 16 } });
    const otherJob = other.find(({ kind }) => kind === "Job");
    expect(otherJob?.metadata.name).not.toBe(job?.metadata.name ?? "");
  });

  test("clients see the usual ports, and their addresses are seen", async () => {
    const listeners = [
      { name: "submission", address: "0.0.0.0", port: 2587, kind: "submission" },
      {
        ...{ name: "tls", address: "0.0.0.0", port: 2465, kind: "submission" },
        tls: { implicit: true },
      },
      {
        ...{ name: "inbound", address: "0.0.0.0", port: 2525, kind: "inbound" },
        localDomains: ["example.net"],
      },
    ];
    const service = named(
      await chart.render(external, {
        config: { listeners },
        edge: { service: { ports: { tls: 4650 } } },
      }),
      "Service",
      "-edge",
    );
    expect(service.spec).toMatchObject({
      type: "LoadBalancer",
      externalTrafficPolicy: "Local",
      ports: [
        { port: 587, targetPort: "submission" },
        { port: 4650, targetPort: "tls" },
        { port: 25, targetPort: "inbound" },
      ],
    });
  });

  test("a listener of HTTP has its port everywhere, and edges alone know its tokens", async () => {
    const submission = { name: "submission", address: "0.0.0.0", port: 2587, kind: "submission" };
    const http = { name: "http", address: "0.0.0.0", port: 2580, kind: "http" };
    const https = { ...http, name: "https", port: 2443, tls: { implicit: true } };
    const tokens = [{ name: "shop", tenant: "acme", tokenHash: { file: "secrets/shop.hash" } }];
    const listeners = [submission, http, https];
    const manifests = await chart.render(external, {
      config: { listeners, tokens },
      secrets: { existing: "mail" },
    });
    expect(named(manifests, "Service", "-edge").spec).toMatchObject({
      ports: [{ port: 587 }, { port: 80, targetPort: "http" }, { port: 443, targetPort: "https" }],
    });
    expect(named(manifests, "NetworkPolicy", "-edge").spec).toMatchObject({
      ingress: [{ ports: [{ port: "submission" }, { port: "http" }, { port: "https" }] }, {}],
    });
    expect(JSON.stringify(named(manifests, "Deployment", "-edge"))).toContain("shop.hash");
    for (const role of ["-delivery", "-control"]) {
      expect(JSON.stringify(named(manifests, "Deployment", role))).not.toContain("shop.hash");
    }
  });

  test("an autoscaler decides the number of replicas alone", async () => {
    const autoscaling = { enabled: true, metric: { by: "adapter" } };
    const manifests = await chart.render(external, { delivery: { autoscaling } });
    const worker = named(manifests, "Deployment", "-delivery");
    expect(worker.spec).not.toHaveProperty("replicas");
    expect(named(manifests, "HorizontalPodAutoscaler", "-delivery").spec).toMatchObject({
      metrics: [
        { type: "Resource" },
        { pods: { metric: { name: "godwit_delivery_behind_seconds" } } },
      ],
    });
  });

  test("turned on in an upgrade, an autoscaler finds as many pods as there were", async () => {
    const installed = await chart.render(external, { edge: { replicas: 7 } });
    const scaling = { edge: { autoscaling: { enabled: true } } };
    using api = new InstalledApi(installed, await chart.render(external, scaling));
    const upgraded = await chart.renderOn(api.url, external, scaling);
    expect(named(upgraded, "Deployment", "-edge").spec).toMatchObject({ replicas: 7 });
    expect(named(upgraded, "Deployment", "-delivery").spec).toMatchObject({ replicas: 2 });
  });

  test("fewer become so as slowly as the values say, by whoever scales", async () => {
    const autoscaling = { enabled: true, scaleDown: { afterSeconds: 30, everySeconds: 20 } };
    const behavior = {
      scaleDown: {
        stabilizationWindowSeconds: 30,
        policies: [{ type: "Pods", value: 1, periodSeconds: 20 }],
      },
    };
    const manifests = await chart.render(external, {
      keda: { prometheus: "http://prometheus:9090" },
      edge: { autoscaling },
      delivery: { autoscaling: { ...autoscaling, metric: { by: "keda" } } },
    });
    const edges = named(manifests, "HorizontalPodAutoscaler", "-edge");
    expect(edges.spec).toMatchObject({ behavior });
    expect(named(manifests, "ScaledObject", "-delivery").spec).toMatchObject({
      advanced: { horizontalPodAutoscalerConfig: { behavior } },
    });
  });

  test("policies let out what is needed: to servers elsewhere by their ports", async () => {
    const policy = named(await chart.render(external), "NetworkPolicy", "-control");
    expect(policy.spec).toMatchObject({
      policyTypes: ["Ingress", "Egress"],
      egress: [
        { ports: [{ port: 53 }, { port: 53 }] },
        { ports: [{ port: 4333 }] },
        { ports: [{ port: 9042 }] },
      ],
    });
    const edge = named(await chart.render(bundled), "NetworkPolicy", "-edge");
    expect(JSON.stringify(edge.spec)).toContain('"app.kubernetes.io/component":"nats"');
  });

  test("what is bundled is on the disk before it is acknowledged", async () => {
    const manifests = await chart.render(bundled);
    expect(fileOf(manifests, "-nats", "nats.conf")).toContain("sync_interval: always");
    expect(fileOf(manifests, "-cassandra", "cassandra.yaml")).toContain("commitlog_sync: batch");
    expect(fileOf(manifests, "-edge")).toContain("tls://mail-godwit-nats-2.mail-godwit-nats:4222");
  });

  test("parts can be left out: a release of workers only", async () => {
    const only = {
      edge: { enabled: false },
      control: { enabled: false },
      schema: { enabled: false },
    };
    const kinds = (await chart.render(external, only)).map(({ kind }) => kind).sort();
    expect(kinds).toEqual([
      "ConfigMap",
      "Deployment",
      "NetworkPolicy",
      "PodDisruptionBudget",
      "Service",
      "ServiceAccount",
    ]);
  });
});

/** As the process would say it; whatever it names is there. */
function faultsOf(text: string, role: RoleName): readonly string[] {
  const loaded = loadedOf(text, role);
  return "faults" in loaded ? loaded.faults.map(({ key, message }) => `${key}: ${message}`) : [];
}

/** Of the stream for large content, as a role with this file wants it. */
function bodyAgeMs(text: string): number | undefined {
  const loaded = loadedOf(text, "edge");
  if (!("config" in loaded) || loaded.config.nats === undefined) return undefined;
  return wantedStreamsOf(loaded.config, loaded.config.nats).bodyAgeMs;
}

function loadedOf(text: string, role: RoleName) {
  return loadConfig(text, {
    fileName: "/etc/godwit/godwit.yaml",
    osHostname: "godwit-edge-0",
    environment: {},
    readFile: (path) => contentOf(path),
    role,
  });
}

function contentOf(path: string): string {
  if (path.endsWith(".hash"))
    return `$argon2id$v=19$m=65536,t=2,p=1$${"A".repeat(22)}$${"B".repeat(43)}`;
  if (path.endsWith(".creds")) return "-----BEGIN NATS USER JWT-----\n";
  if (/\.(crt|key)$/.test(path)) return pair[path.endsWith(".key") ? "private" : "cert"];
  return "a-secret-of-16-letters";
}
