/** Objects of Kubernetes that bring load, or take it: a ConfigMap with the program, and who runs it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly [part: string]: unknown;
}

/** Files by name, as a ConfigMap has them. */
export type Files = Readonly<Record<string, string>>;

export interface SinkPods {
  readonly image: string;
  readonly replicas: number;
  readonly args: readonly string[];
  readonly program: string;
}

export interface SourceJob {
  readonly image: string;
  readonly parallelism: number;
  readonly args: readonly string[];
  readonly program: string;
}

export interface K6Job {
  readonly image: string;
  readonly parallelism: number;
  /** The file of `scripts` that is run. */
  readonly script: string;
  readonly scripts: Files;
  /** `LOAD_…`, without what is secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** A Secret with `token`, and `controlToken` where the control API is read. */
  readonly tokenSecret: string;
}

/** Below Godwit's own folder, so that a program finds the packages of its image. */
const programFolder = "/opt/godwit/loadtest";
const bun = "/usr/local/bin/bun";
const scriptsFolder = "/scripts";
/** Mail comes to port 25; who is not root listens above 1023. */
const sinkPort = 2_525;
const godwitUser = 65_532;
const k6User = 12_345;
/** Of finished Jobs: their logs are the accounts. */
const keptSeconds = 86_400;

export function sinkObjects({ image, replicas, args, program }: SinkPods): KubernetesObject[] {
  const name = "godwit-load-sink";
  const labels = labelsOf("sink");
  const [port, ports] = ["smtp", [{ name: "smtp", containerPort: sinkPort }]];
  const listen = ["--address", "0.0.0.0", "--port", String(sinkPort)];
  const words = [...listen, ...accounts, ...args];
  const container = { ...bunContainer("sink", image, words), ports, readinessProbe: open(port) };
  const spec = podSpec({ container, folder: programFolder, user: godwitUser, configMap: name });
  return [
    configMap(name, labels, { "sink.js": program }),
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name, labels } },
      spec: { replicas, selector: { matchLabels: labels }, template: template(labels, spec) },
    },
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name, labels } },
      spec: { selector: labels, ports: [{ name: port, port: 25, targetPort: port }] },
    },
  ];
}

export function sourceObjects({
  image,
  parallelism,
  args,
  program,
}: SourceJob): KubernetesObject[] {
  const name = "godwit-load-source";
  const labels = labelsOf("source");
  const container = bunContainer("source", image, [...accounts, ...args]);
  const spec = podSpec({ container, folder: programFolder, user: godwitUser, configMap: name });
  return [
    configMap(name, labels, { "source.js": program }),
    job({ name, labels, parallelism, spec }),
  ];
}

export function k6Objects(asked: K6Job): KubernetesObject[] {
  const { image, parallelism, script, scripts, environment, tokenSecret } = asked;
  const name = "godwit-load-k6";
  const labels = labelsOf("k6");
  const secret = (variable: string, key: string) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: tokenSecret, key } },
  });
  const given = Object.entries(environment).map(([variable, value]) => ({ name: variable, value }));
  const isControlRead = environment.LOAD_CONTROL !== undefined;
  const container = {
    name: "k6",
    image,
    args: ["run", ...k6Flags, `${scriptsFolder}/${script}`],
    env: [
      ...given,
      // Of each pod another, so that no id is there twice.
      { name: "LOAD_RUN", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      secret("LOAD_TOKEN", "token"),
      ...(isControlRead ? [secret("LOAD_CONTROL_TOKEN", "controlToken")] : []),
    ],
  };
  const spec = podSpec({ container, folder: scriptsFolder, user: k6User, configMap: name });
  return [configMap(name, labels, scripts), job({ name, labels, parallelism, spec })];
}

/** Nothing is told to k6's makers; a line of the accounts is a line of the log. */
const k6Flags = [
  "--no-usage-report",
  "--no-color",
  "--quiet",
  "--address",
  "",
  "--log-format",
  "raw",
];
/** To the log: there is no disk. */
const accounts = ["--accounts", "-"];

type Labels = Readonly<Record<string, string>>;

function labelsOf(component: string): Labels {
  return {
    "app.kubernetes.io/name": "godwit-load",
    "app.kubernetes.io/component": component,
  };
}

function configMap(name: string, labels: Labels, data: Files): KubernetesObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels }, data };
}

interface JobParts {
  readonly name: string;
  readonly labels: Labels;
  readonly parallelism: number;
  readonly spec: object;
}

/** Tried once: a second try would be another load. */
function job({ name, labels, parallelism, spec }: JobParts): KubernetesObject {
  return {
    ...{ apiVersion: "batch/v1", kind: "Job", metadata: { name, labels } },
    spec: {
      ...{ parallelism, completions: parallelism, backoffLimit: 0 },
      ttlSecondsAfterFinished: keptSeconds,
      template: template(labels, { ...spec, restartPolicy: "Never" }),
    },
  };
}

function template(labels: Labels, spec: object): object {
  return { metadata: { labels }, spec };
}

function bunContainer(name: string, image: string, args: readonly string[]): object {
  return { name, image, command: [bun, `${programFolder}/${name}.js`], args };
}

interface PodParts {
  readonly container: object;
  /** Where the ConfigMap is. */
  readonly folder: string;
  readonly configMap: string;
  readonly user: number;
}

/** The rights that a namespace under the `restricted` standard leaves. */
function podSpec({ container, folder, configMap: name, user }: PodParts): object {
  return {
    automountServiceAccountToken: false,
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: user, runAsGroup: user },
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        ...container,
        // As much as there is: what it cannot do the load would be missing.
        resources: { requests: { cpu: "500m", memory: "256Mi" } },
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [
          { name: "program", mountPath: folder, readOnly: true },
          { name: "temporary", mountPath: "/tmp" },
        ],
      },
    ],
    volumes: [
      { name: "program", configMap: { name } },
      { name: "temporary", emptyDir: {} },
    ],
  };
}

function open(port: string): object {
  return { tcpSocket: { port } };
}
