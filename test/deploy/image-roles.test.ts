/**
 * The roles as a cluster would run them: files of the image, configuration of the chart, a schema and
 * a message through; only Kubernetes is missing.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layersOf } from "../../deploy/image/contents.ts";
import { writeTree } from "../../deploy/image/file-tree.ts";
import { bunOf, programOf } from "../../deploy/image/trial-start.ts";
import { Chart, chartFolder, fileOf, type Manifest } from "../support/deploy/chart.ts";
import { imageMissing, imageSource, ownArchitecture } from "../support/deploy/image-source.ts";
import { ran } from "../support/process/ran.ts";
import { RoleProcess } from "../support/process/role-process.ts";
import { sharedCassandra, sharedNats } from "../support/servers/shared-servers.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { chartToolsMissing } from "../support/servers/toolchain/chart-tools.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const missing = chartToolsMissing() ?? natsMissing() ?? cassandraMissing() ?? imageMissing();
const patienceMs = 600_000;
const token = "a-token-of-our-own";
let folder: string;
let chart: Chart;
let manifests: readonly Manifest[];
const running: RoleProcess[] = [];

beforeAll(async () => {
  if (missing !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), "godwit-image-roles-"));
  chart = await Chart.open();
  const source = await imageSource();
  const layers = await layersOf(ownArchitecture, source);
  await writeTree(
    join(folder, "image"),
    layers.flatMap(({ entries }) => entries),
  );
  manifests = await chart.render(await values());
}, patienceMs);

afterAll(async () => {
  for (const role of running) await role.stop("SIGKILL");
  await chart?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

async function values() {
  const [nats, cassandra] = await Promise.all([sharedNats(), sharedCassandra()]);
  const small = { shardBytesMax: "16MiB", splitBytesMax: "16MiB", bodyBytesMax: "16MiB" };
  const name = `image_roles_${process.pid}`;
  return {
    config: {
      hostname: "mta.example.net",
      shards: 2,
      listeners: [
        {
          ...{ name: "submission", address: "0.0.0.0", port: 2587, kind: "submission" },
          trustedNetworks: ["127.0.0.0/8"],
        },
      ],
      nats: {
        ...{ ...small, journalBytesMax: "16MiB", replicas: 1, namespace: name },
        servers: nats.servers,
      },
      cassandra: {
        ...{ keyspace: name, replication: 1, localDataCenter: cassandra.localDataCenter },
        contactPoints: cassandra.contactPoints,
      },
    },
  };
}

/** On loopback, with ports of its own: a pod has all of them to itself. */
function hereOf(end: string, name?: string): string {
  const text = fileOf(manifests, end, name);
  return text.replaceAll("0.0.0.0", "127.0.0.1").replaceAll(/port: (2587|8025)/g, "port: 0");
}

const command = (...words: readonly string[]) => {
  const image = join(folder, "image");
  return [...bunOf(image, ownArchitecture), programOf(image), ...words];
};

async function launched(role: "edge" | "delivery" | "control"): Promise<RoleProcess> {
  const place = join(folder, role);
  await mkdir(join(place, "operators"), { recursive: true });
  if (role === "control")
    await writeFile(join(place, "operators", "token"), token, { mode: 0o440 });
  const yaml = hereOf(`-${role}`);
  const process = await RoleProcess.launch({ role, folder: place, yaml, command: command() });
  running.push(process);
  return process;
}

describe.skipIf(missing !== undefined)(titled("the image's roles", missing), () => {
  test(
    "make the schema, start, and take a message all the way",
    async () => {
      await writeFile(join(folder, "schema.yaml"), hereOf("-schema", "schema.yaml"));
      const schema = await ran(command("schema", "apply", "--config", "schema.yaml"), {
        cwd: folder,
        environment: {},
      });
      expect([schema.code, schema.err]).toEqual([0, ""]);
      const edge = await launched("edge");
      const control = await launched("control");
      const worker = await launched("delivery");
      await Promise.all([edge, control, worker].map(({ started }) => started));
      const at = edge.at("submission");
      const operators = control.at("control");
      const program = join(chartFolder, "files", "helm-test", "main.ts");
      const sent = await ran([...bunOf(join(folder, "image"), ownArchitecture), program], {
        environment: {
          EDGE: at.address,
          PORT: String(at.port),
          CONTROL: `http://${operators.address}:${operators.port}`,
          RECIPIENT: "helm-test@godwit-test.invalid",
          TOKEN: token,
        },
      });
      expect([sent.code, sent.err]).toEqual([0, ""]);
      expect(sent.out).toContain("settled after");
      expect(await edge.readyz()).toMatchObject({ status: 200, ready: true });
      expect((await worker.stop()).code).toBe(0);
      expect((await edge.stop()).code).toBe(0);
    },
    patienceMs,
  );
});
