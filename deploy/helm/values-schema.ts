/** The form of the chart's values; of `config` it is that of `godwit.yaml`. */
import { z } from "zod";
import { configSchema } from "#lib/config/schema";

type Json = Readonly<Record<string, unknown>>;

const word = z.string();
const anything = z.record(z.string(), z.unknown());
const texts = z.record(z.string(), z.string());
const whole = z.int().min(0);
const replicas = z.int().min(1);
const resources = z.strictObject({ requests: anything.optional(), limits: anything.optional() });
/** `10Gi`. */
const quantity = z.string().regex(/^[0-9]+([KMGT]i?|k)?$/);

const placement = {
  nodeSelector: texts,
  tolerations: z.array(anything),
};

const secretFrom = z.union([z.strictObject({ file: word }), z.strictObject({ env: word })]);
/** In the place of those that `config.nats` has for all. */
const natsLogin = z.strictObject({
  user: word.optional(),
  password: secretFrom.optional(),
  token: secretFrom.optional(),
  credentials: secretFrom.optional(),
});

const role = {
  enabled: z.boolean(),
  nats: natsLogin,
  replicas: whole,
  resources,
  maxUnavailable: z.union([whole, z.string().regex(/^[0-9]+%$/)]),
  spreadOverZones: z.enum(["ScheduleAnyway", "DoNotSchedule"]),
  priorityClassName: word,
  ...placement,
  affinity: anything,
  podAnnotations: texts,
  env: z.array(anything),
};

const autoscaling = z.strictObject({
  enabled: z.boolean(),
  min: replicas,
  max: replicas,
  cpu: z.int().min(0).max(1_000).nullable(),
  // As far as the API lets a HorizontalPodAutoscaler have them.
  scaleDown: z.strictObject({
    afterSeconds: z.int().min(0).max(3_600),
    everySeconds: z.int().min(1).max(1_800),
  }),
  metric: z.strictObject({
    by: z.enum(["none", "adapter", "keda"]),
    name: word,
    target: z.int().min(1),
  }),
});

const service = z.strictObject({
  type: z.enum(["LoadBalancer", "NodePort", "ClusterIP"]),
  externalTrafficPolicy: z.enum(["Local", "Cluster"]),
  annotations: texts,
  sourceRanges: z.array(word),
  ports: z.record(z.string(), z.int().min(1).max(65_535)),
});

const bundled = {
  enabled: z.boolean(),
  replicas,
  image: word,
  command: z.array(word).min(1),
  passwordsSecret: word,
  tls: z.strictObject({ enabled: z.boolean(), secret: word }),
  storage: z.strictObject({ size: quantity, class: word }),
  resources,
  ...placement,
};

const monitored = { enabled: z.boolean(), labels: texts };

/** All but `config`. */
const valuesSchema = z.strictObject({
  nameOverride: word,
  fullnameOverride: word,
  image: z.strictObject({
    repository: word.min(1),
    tag: word,
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]),
    pullSecrets: z.array(word),
  }),
  shaping: anything,
  secrets: z.strictObject({ existing: word, files: texts }),
  tls: z.strictObject({
    secret: word,
    certManager: z.strictObject({
      enabled: z.boolean(),
      issuer: z.strictObject({ name: word, kind: word, group: word }),
      dnsNames: z.array(word),
    }),
  }),
  operators: z.strictObject({ tokenSecret: word }),
  edge: z.strictObject({ ...role, preStopSeconds: whole, autoscaling, service }),
  delivery: z.strictObject({ ...role, hostNetwork: z.boolean(), autoscaling }),
  control: z.strictObject(role),
  keda: z.strictObject({ prometheus: word }),
  nats: z.strictObject({ bundled: z.strictObject(bundled) }),
  cassandra: z.strictObject({
    bundled: z.strictObject({
      ...bundled,
      userId: whole,
      heapMiB: z.int().min(256),
      seed: whole,
    }),
  }),
  schema: z.strictObject({ enabled: z.boolean(), nats: natsLogin, resources }),
  networkPolicy: z.strictObject({
    enabled: z.boolean(),
    clients: z.array(anything),
    operators: z.array(anything),
    egress: z.array(anything),
  }),
  monitoring: z.strictObject({
    serviceMonitor: z.strictObject({ ...monitored, interval: word }),
    rules: z.strictObject(monitored),
    dashboard: z.strictObject(monitored),
  }),
  test: z.strictObject({
    enabled: z.boolean(),
    listener: word,
    recipient: word,
    loginSecret: word,
  }),
  /** Helm's own, for all charts. */
  global: anything.optional(),
});

/** Keys of `godwit.yaml` that the chart writes itself, or that no process of a cluster has. */
const ofTheChart = [
  ["data"],
  ["control"],
  ["shaping"],
  ["tls"],
  ["edgeThreads"],
  ["delivery", "name"],
  ["events", "file"],
];

const schemaOptions = { io: "input", unrepresentable: "any", target: "draft-7" } as const;

/** The text of `values.schema.json`. */
export function valuesSchemaText(): string {
  const config = configForm();
  const values: Json = z.toJSONSchema(valuesSchema, schemaOptions);
  const properties = { ...group(values.properties), config };
  return `${JSON.stringify({ ...values, properties, required: ["config"] }, undefined, 1)}\n`;
}

function configForm(): Json {
  const sources = { readFile: () => "", environment: {} };
  const { $schema: _, ...schema } = z.toJSONSchema(configSchema(sources), schemaOptions);
  const chosen = ofTheChart.reduce<Json>(without, schema);
  const properties = group(chosen.properties);
  // With bundled servers nobody has to say where they are.
  const { required: _nats, ...nats } = group(properties.nats);
  const { required: _cassandra, ...cassandra } = group(properties.cassandra);
  // An empty one is told by a sentence.
  return { ...chosen, properties: { ...properties, nats, cassandra } };
}

function without(schema: Json, [key = "", ...below]: readonly string[]): Json {
  const { [key]: property, ...others } = group(schema.properties);
  if (below.length === 0) return { ...schema, properties: others };
  return { ...schema, properties: { ...others, [key]: without(group(property), below) } };
}

/** What a part of a schema holds. @throws when there is none: the form of `godwit.yaml` changed */
function group(value: unknown): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error("Cannot find a key of godwit.yaml that the chart knows");
}
