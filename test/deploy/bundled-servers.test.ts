/**
 * The chart's own NATS and Cassandra as real servers, and the release on them: each process has the
 * files and the environment that its pod would have, and no more.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, TimeoutError } from "@nats-io/transport-node";
import { createTransport } from "nodemailer";
import { z } from "zod";
import { withClient } from "#lib/cassandra/driver/visit";
import { claimLogin, makeRolesUser } from "#lib/cassandra/users/users";
import { systemClock as clock } from "#lib/clock";
import { connectNats } from "#lib/nats/connection";
import { silentLog as log } from "#lib/telemetry/log";
import { inboxPrefix } from "#proto/subjects";
import { Sink } from "../../loadtest/sink/sink.ts";
import { answered } from "../support/cli/answered.ts";
import { command } from "../support/cli/godwit-process.ts";
import { Chart, fileOf, type Manifest, named } from "../support/deploy/chart.ts";
import {
  type ChartNats,
  startChartCassandra,
  startChartNats,
} from "../support/deploy/chart-servers.ts";
import { podEnvironment, podFiles, writeFiles } from "../support/deploy/pod-files.ts";
import { failureOf } from "../support/failure.ts";
import { type Ran, ran } from "../support/process/ran.ts";
import { RoleProcess } from "../support/process/role-process.ts";
import type { CassandraServers } from "../support/servers/cassandra.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { chartToolsMaxMs, chartToolsMissing } from "../support/servers/toolchain/chart-tools.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noServers = chartToolsMissing() ?? natsMissing();
const missing = noServers ?? cassandraMissing();
const patienceMs = 300_000;
const memoryTriesMax = 1_000;
const asksMax = 10;
const roles = ["edge", "delivery", "control"] as const;
type Role = (typeof roles)[number];

let chart: Chart;
let folder: string;

beforeAll(async () => {
  if (noServers !== undefined) return;
  chart = await Chart.open();
  folder = await mkdtemp(join(tmpdir(), "godwit-bundled-"));
}, chartToolsMaxMs);
afterAll(async () => {
  await chart?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

const small = ["shard", "split", "body", "journal", "events"].map((of) => [
  `${of}BytesMax`,
  "16MiB",
]);
const bundled = (replicas: number) => ({
  config: {
    ...{ hostname: "mta.example.net", shards: 2, events: { stream: true } },
    listeners: [
      {
        ...{ name: "submission", address: "0.0.0.0", port: 2587, kind: "submission" },
        trustedNetworks: ["127.0.0.0/8"],
      },
    ],
    nats: { ...Object.fromEntries(small), replicas },
    cassandra: { replication: 1 },
  },
  nats: { bundled: { enabled: true, replicas, storage: { size: "1Gi" } } },
  cassandra: { bundled: { enabled: true, replicas: 1 } },
});

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const loginOf = (manifests: readonly Manifest[], user: string) => ({
  user: `godwit-${user}`,
  pass: environmentOf(manifests)[`GODWIT_${user.toUpperCase()}_PASSWORD`] ?? "",
  inboxPrefix: inboxPrefix(`godwit-${user}`),
});
const environmentOf = (manifests: readonly Manifest[]) =>
  podEnvironment(manifests, named(manifests, "StatefulSet", "-nats"));
const authorityOf = (manifests: readonly Manifest[], server: string) =>
  textOf(podFiles(manifests, named(manifests, "StatefulSet", `-${server}`), "tls").get("ca.crt"));

describe.skipIf(noServers !== undefined)(titled("three bundled NATS servers", noServers), () => {
  test(
    "are one cluster of those that show a certificate of theirs, and let in who logs in under TLS",
    async () => {
      const manifests = await chart.render(bundled(3));
      const nats = await startChartNats(manifests, 3);
      try {
        const ca = authorityOf(manifests, "nats");
        const { servers } = nats;
        const admin = { servers: [...servers], ...loginOf(manifests, "admin") };
        const connection = await connect({ ...admin, tls: { ca } });
        const manager = await jetstreamManager(connection, { checkAPI: false });
        const made = await answer(() =>
          manager.streams.add({ name: "S", subjects: ["s"], num_replicas: 3 }),
        );
        expect(made?.config.num_replicas).toBe(3);
        // Clients are told of no addresses, for which there is no certificate.
        expect(connection.info?.connect_urls ?? []).toEqual([]);
        await connection.close();
        const peers = z.object({ cluster: z.record(z.string(), z.unknown()) });
        const { cluster } = peers.parse(await (await nats.monitored(0, "/varz")).json());
        expect(cluster).toMatchObject({ tls_required: true, tls_verify: true });
        expect(String(await failureOf(connect({ ...admin, tls: {} })))).toMatch(/certificate/i);
        const nobody = { servers: [...servers], tls: { ca } };
        expect(String(await failureOf(connect(nobody)))).toMatch(/authorization/i);
      } finally {
        await nats.stop();
      }
    },
    patienceMs,
  );
});

describe.skipIf(missing !== undefined)(titled("a release with bundled servers", missing), () => {
  let manifests: readonly Manifest[];
  let sink: Sink;
  let nats: ChartNats;
  let cassandra: CassandraServers;
  const running = new Map<Role, RoleProcess>();
  const schemaRuns: Ran[] = [];
  const violations: unknown[] = [];

  beforeAll(async () => {
    sink = await Sink.start();
    const { address, port } = sink.endpoint;
    const routes = [{ domain: "*", nextHop: `smtp://${address}:${port}` }];
    manifests = await chart.render(bundled(1), { config: { routes } });
    [nats, cassandra] = await Promise.all([
      startChartNats(manifests, 1),
      startChartCassandra(manifests, join(folder, "cassandra")),
    ]);
    for (const _ of ["first", "again"]) schemaRuns.push(await schemaRun());
    await Promise.all(roles.map(launch));
  }, patienceMs);

  afterAll(async () => {
    for (const role of running.values()) await role.stop("SIGKILL");
    await Promise.all([sink?.stop(), nats?.stop(), cassandra?.stop()]);
  });

  /** On loopback, with ports of its own: a pod has all of them to itself. */
  function here(text: string): string {
    return text
      .replaceAll(/mail-godwit-nats-\d\.mail-godwit-nats:4222/g, nats.servers[0] ?? "")
      .replaceAll("mail-godwit-cassandra:9042", cassandra.contactPoints[0] ?? "")
      .replaceAll("datacenter1", cassandra.localDataCenter)
      .replaceAll("0.0.0.0", "127.0.0.1")
      .replaceAll(/port: (2587|8025)/g, "port: 0");
  }

  /** The pod's folder of files, there. */
  async function placed(pod: Manifest, name: string): Promise<string> {
    const files = [...podFiles(manifests, pod)].map(
      ([path, content]) =>
        [path, path.endsWith(".yaml") ? here(textOf(content)) : content] as const,
    );
    // Whoever launches a role writes this one.
    const others = files.filter(([path]) => path !== "godwit.yaml");
    return await writeFiles(join(folder, name), new Map(others));
  }

  async function schemaRun(): Promise<Ran> {
    const job = manifests.find(({ kind }) => kind === "Job");
    if (job === undefined) throw new Error("there is no Job");
    const cwd = await placed(job, `schema-${schemaRuns.length}`);
    const pod = z.object({ template: z.object({ spec: z.looseObject({ containers }) }) });
    const { args } = pod.parse(job.spec).template.spec.containers[0] ?? { args: [] };
    const environment = { PATH: process.env.PATH, ...podEnvironment(manifests, job) };
    return await ran([...command, ...args], { cwd, environment });
  }

  async function launch(role: Role): Promise<void> {
    const pod = named(manifests, "Deployment", `-${role}`);
    const place = await placed(pod, role);
    const yaml = here(fileOf(manifests, `-${role}`));
    const launched = await RoleProcess.launch({ role, folder: place, yaml });
    running.set(role, launched);
    launched.log.each((line) => {
      if (/permissions violation/i.test(JSON.stringify(line))) violations.push(line);
    });
    await launched.started;
  }

  function node(role: Role): RoleProcess {
    const found = running.get(role);
    if (found === undefined) throw new Error(`${role} does not run`);
    return found;
  }

  async function submit(...to: string[]): Promise<void> {
    const { address, port } = node("edge").at("submission");
    const transport = createTransport({ host: address, port, secure: false, ignoreTLS: true });
    await transport.sendMail({ from: "a@source.example", to, subject: "x", text: "x" });
    transport.close();
  }

  /** As the schema's Job sees Cassandra, or whoever shows another login. */
  function cassandraAs(username: string, password: string) {
    const { contactPoints, localDataCenter } = cassandra;
    const tls = { ca: authorityOf(manifests, "cassandra"), serverName: "mail-godwit-cassandra" };
    const place = { contactPoints, localDataCenter, keyspace: "godwit", replication: 1 };
    return { ...place, tls, clock, log, credentials: { username, password } };
  }

  const passwordIn = (pod: Manifest, path: string) => textOf(podFiles(manifests, pod).get(path));
  const rolesPassword = () =>
    passwordIn(named(manifests, "Deployment", "-delivery"), "cassandra/password");

  test("the schema's Job makes tables, streams and logins; again it changes nothing", () => {
    const [first, again] = schemaRuns;
    expect([first?.code, again?.code]).toEqual([0, 0]);
    for (const done of [
      "NATS: done: made stream Q000",
      "Cassandra: done: made the user godwit-admin",
      "Cassandra: done: took the login of the user cassandra away",
      "Cassandra: done: made keyspace godwit",
      "Cassandra: done: made the user godwit, who may read and write godwit",
    ]) {
      expect(first?.out).toContain(done);
    }
    const nothing = "NATS: all is as it should be\nCassandra: all is as it should be\n";
    expect([again?.out, again?.err]).toEqual([nothing, ""]);
    expect(first?.out).not.toContain(rolesPassword());
  });

  test.each(roles)("%s checks the schema with its own rights", async (role) => {
    const words = ["schema", "apply", "--check", "--wait", "--role", role];
    const checked = await ran([...command, ...words, "--config", "godwit.yaml"], {
      cwd: join(folder, role),
      environment: { PATH: process.env.PATH },
    });
    const both = ["NATS: all is as it should be", "Cassandra: all is as it should be"];
    const expected = role === "edge" ? both.slice(0, 1) : both;
    expect([checked.code, checked.out.trim().split("\n")]).toEqual([0, expected]);
  });

  test(
    "a message goes all the way, and one by way of a deferral; nobody is refused what it needs",
    async () => {
      const { log } = node("delivery");
      const outcomes = [
        log.outcome("one@one.example", "delivered"),
        log.outcome("451-at-rcpt-once@two.example", "transient"),
      ];
      await submit("one@one.example", "451-at-rcpt-once@two.example");
      await Promise.all(outcomes);
      const listed = await answered(node("control"), ["queue", "list"], /451-at-rcpt/);
      expect(listed).toContain("two.example");
      expect((await node("control").operate("queue", "hold", "two.example")).code).toBe(0);
      expect(violations).toEqual([]);
    },
    patienceMs,
  );

  test("an edge may not read what it wrote, and nobody is heard without the authority", async () => {
    const ca = authorityOf(manifests, "nats");
    const login = loginOf(manifests, "edge");
    const connection = await connect({ servers: [...nats.servers], ...login, tls: { ca } });
    const reading = "$JS.API.STREAM.MSG.GET.Q000";
    const refused = failureOf(connection.request(reading, "{}", { timeout: 5_000 }));
    expect(String(await refused)).toMatch(/permissions violation/i);
    await connection.close();
    const stranger = connect({ servers: [...nats.servers], ...login, tls: {} });
    expect(String(await failureOf(stranger))).toMatch(/certificate/i);
  });

  test("a server that is reached by an address is believed by the name that is configured", async () => {
    const { user, pass: password } = loginOf(manifests, "control");
    const servers = nats.servers.map((place) => `tls://${place.replace("localhost", "127.0.0.1")}`);
    const ca = authorityOf(manifests, "nats");
    const tls = { ca, serverName: "mail-godwit-nats-0.mail-godwit-nats" };
    const links = await connectNats({ servers, user, password, tls, name: "test", clock, log });
    await links.close();
    const ending = new AbortController();
    const onFailed = (error: unknown) => ending.abort(error);
    const other = connectNats({
      ...{ servers, user, password, tls: { ca, serverName: "other.example" } },
      ...{ name: "test", clock, log, signal: ending.signal, onFailed },
    });
    expect(String(await failureOf(other))).toMatch(/other\.example/);
  });

  test("Cassandra's first login is closed; the roles' user may write rows, not change tables", async () => {
    const first = failureOf(withClient(cassandraAs("cassandra", "cassandra"), async () => {}));
    expect(String(await first)).toContain("the credentials are refused");
    const own = cassandraAs("godwit", rolesPassword());
    const said = (statement: string) =>
      failureOf(withClient(own, (client) => client.execute(statement, [], { prepare: false })));
    for (const statement of [
      "CREATE TABLE godwit.mine (a int PRIMARY KEY)",
      "DROP TABLE godwit.unit",
      "ALTER ROLE godwit WITH SUPERUSER = true",
      "SELECT * FROM system_auth.roles",
    ]) {
      expect(String(await said(statement))).toContain("the user may not do this");
    }
  });

  test("logins that are there are left as they are; a lost one of the roles is made anew", async () => {
    const job = manifests.find(({ kind }) => kind === "Job");
    const admin = cassandraAs("godwit-admin", job ? passwordIn(job, "cassandra/password") : "");
    expect(await claimLogin(admin)).toEqual([]);
    expect(await makeRolesUser(admin, rolesPassword())).toEqual([]);
    // A node remembers for two seconds whom it let in, and takes a password every five.
    const until = async (isDone: () => Promise<boolean>) => {
      for (let tries = 0; tries < memoryTriesMax; tries++) {
        if (await isDone().catch(soon)) return true;
      }
      return false;
    };
    const another = "ALTER ROLE godwit WITH PASSWORD = 'another'";
    const change = () => withClient(admin, (it) => it.execute(another, [], { prepare: false }));
    const made = async () => (await makeRolesUser(admin, rolesPassword())).length;
    expect(await until(async () => (await change()) !== undefined)).toBe(true);
    expect(await until(async () => (await made()) === 1)).toBe(true);
    expect(await until(async () => (await made()) === 0)).toBe(true);
    await withClient(admin, (client) =>
      client.execute("REVOKE SELECT ON KEYSPACE godwit FROM godwit", [], { prepare: false }),
    );
    expect(await makeRolesUser(admin, rolesPassword())).toEqual([]);
    const { rows } = await withClient(admin, (client) =>
      client.execute("LIST ALL PERMISSIONS OF godwit", [], { prepare: false }),
    );
    expect(rows.map((row) => String(row.permission)).sort()).toEqual(["MODIFY", "SELECT"]);
    const wrong = { ...admin, credentials: { username: "godwit-admin", password: "wrong" } };
    expect(String(await failureOf(claimLogin(wrong)))).toContain("the credentials are refused");
  });

  test("control follows events with its rights", async () => {
    await submit("three@three.example");
    const shown = Bun.spawn([...command, "events", "follow", "--all", "--json"], {
      cwd: join(folder, "control"),
      stdout: "pipe",
      stderr: "inherit",
    });
    try {
      const { value } = await shown.stdout.getReader().read();
      expect(textOf(value)).toContain('"reversePath":"a@source.example"');
    } finally {
      shown.kill("SIGKILL");
      await shown.exited;
    }
  });
});

/** Of servers that have just come together: whoever leads may be another by the next question. */
async function answer<T>(ask: () => Promise<T>): Promise<T | undefined> {
  for (let asked = 0; asked < asksMax; asked++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
  return undefined;
}

/** @throws what is none of its answers */
function soon(error: unknown): undefined {
  if (!String(error).includes("can only be changed every")) throw error;
}

const containers = z.array(z.looseObject({ args: z.array(z.string()) }));
