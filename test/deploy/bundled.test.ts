/** The chart's own NATS and Cassandra as they are rendered: who may what, and with which secrets. */
import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { authorizationText } from "#lib/nats/permissions";
import { clusterNames } from "#proto/subjects";
import { type Chart, fileOf, type Manifest, named } from "../support/deploy/chart.ts";
import { InstalledApi } from "../support/deploy/installed-api.ts";
import { openedChart } from "../support/deploy/opened-chart.ts";
import { podEnvironment, podFiles, writeFiles } from "../support/deploy/pod-files.ts";
import { ran } from "../support/process/ran.ts";
import { titled } from "../support/servers/titled.ts";
import { natsBinary, natsMissing } from "../support/servers/toolchain/nats-binary.ts";

let chart: Chart;
const missing = openedChart((opened) => {
  chart = opened;
});

const bundled = {
  config: { hostname: "mta.example.net" },
  nats: { bundled: { enabled: true } },
  cassandra: { bundled: { enabled: true } },
};

/** What each user may, however it is laid out. */
function usersOf(text: string): Readonly<Record<string, readonly string[]>> {
  const users = text.split("user: ").slice(1);
  return Object.fromEntries(
    users.map((user) => {
      const [name = "", ...rest] = [...user.matchAll(/"([^"]*)"|\$GODWIT_\w+|max: \d+/g)];
      return [name[1] ?? "", rest.map(([word]) => word).sort()];
    }),
  );
}

function secretsOf(manifests: readonly Manifest[]): ReadonlyMap<string, unknown> {
  const secrets = manifests.filter(({ kind }) => kind === "Secret");
  return new Map(secrets.map(({ metadata, data }) => [metadata.name, data]));
}

const volumes = z.looseObject({ template: z.looseObject({ spec: z.unknown() }) });

describe.skipIf(missing !== undefined)(titled("bundled servers", missing), () => {
  test("Cassandra's nodes find one another by the first, or by another that has its disk", async () => {
    const seedsOf = async (values: Readonly<Record<string, unknown>>) =>
      /seeds: "(.*)"/.exec(
        fileOf(await chart.render(bundled, values), "-cassandra", "cassandra.yaml"),
      )?.[1];
    const at = (n: number) => `mail-godwit-cassandra-${n}.mail-godwit-cassandra:7000`;
    expect(await seedsOf({})).toBe(at(0));
    expect(await seedsOf({ cassandra: { bundled: { seed: 1 } } })).toBe(at(1));
  });

  test.each([
    ["", 2],
    ["mail-two_x", 12],
  ])(
    "NATS has the users that godwit schema nats-users prints (%p, %d shards)",
    async (namespace, shards) => {
      const values = { config: { shards, nats: { namespace, shardBytesMax: "64MiB" } } };
      const text = fileOf(await chart.render(bundled, values), "-nats", "nats.conf");
      const users = /^authorization \{$.*?^\}$/ms.exec(text)?.[0] ?? "";
      const printed = authorizationText({ names: clusterNames(namespace), shards });
      expect(usersOf(users)).toEqual(usersOf(printed));
      expect(Object.keys(usersOf(users))).toHaveLength(4);
    },
  );

  test("a role has its own login for each server and no other's; an edge none for Cassandra", async () => {
    const manifests = await chart.render(bundled);
    const passwords = new Map<string, string>();
    for (const role of ["edge", "delivery", "control"]) {
      const files = podFiles(manifests, named(manifests, "Deployment", `-${role}`));
      const own = [...files.keys()].filter((path) => /^(nats|cassandra)\//.test(path)).sort();
      const nats = ["nats/ca.crt", "nats/password"];
      const both = ["cassandra/ca.crt", "cassandra/password", ...nats];
      expect(own).toEqual(role === "edge" ? nats : both);
      passwords.set(role, new TextDecoder().decode(files.get("nats/password")));
      const config = fileOf(manifests, `-${role}`);
      expect(config).toContain(`user: godwit-${role}\n`);
      expect(config.includes("username: godwit\n")).toBe(role !== "edge");
    }
    const job = manifests.filter(({ kind }) => kind === "Job");
    expect(job).toHaveLength(1);
    for (const schema of job) {
      const files = podFiles(manifests, schema);
      passwords.set("admin", new TextDecoder().decode(files.get("nats/password")));
    }
    const server = podEnvironment(manifests, named(manifests, "StatefulSet", "-nats"));
    expect(server).toEqual({
      GODWIT_ADMIN_PASSWORD: passwords.get("admin") ?? "",
      GODWIT_EDGE_PASSWORD: passwords.get("edge") ?? "",
      GODWIT_DELIVERY_PASSWORD: passwords.get("delivery") ?? "",
      GODWIT_CONTROL_PASSWORD: passwords.get("control") ?? "",
    });
    expect(new Set(passwords.values()).size).toBe(4);
    for (const password of passwords.values()) expect(password).toMatch(/^p[A-Za-z0-9]{39}$/);
  });

  test("no configuration has a password in it", async () => {
    const manifests = await chart.render(bundled);
    const others = JSON.stringify(manifests.filter(({ kind }) => kind !== "Secret"));
    const server = named(manifests, "StatefulSet", "-nats");
    for (const password of Object.values(podEnvironment(manifests, server))) {
      expect(others).not.toContain(password);
      expect(others).not.toContain(btoa(password));
    }
  });

  test("an upgrade finds every secret that was made, and changes none", async () => {
    const installed = await chart.render(bundled);
    const other = await chart.render(bundled);
    expect(secretsOf(other)).not.toEqual(secretsOf(installed));
    using api = new InstalledApi(installed);
    const upgraded = await chart.renderOn(api.url, bundled, { config: { shards: 16 } });
    expect(secretsOf(installed).size).toBe(5);
    expect(secretsOf(upgraded)).toEqual(secretsOf(installed));
  });

  test("Cassandra's logins outlive the release, as what is on its disks does", async () => {
    const secret = named(await chart.render(bundled), "Secret", "-godwit-cassandra");
    expect(secret.metadata.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
  });

  test("Secrets of one's own stand in for those that would be made", async () => {
    const own = (name: string) => ({
      bundled: { passwordsSecret: `${name}-logins`, tls: { secret: `${name}-cert` } },
    });
    const values = { nats: own("n"), cassandra: own("c"), operators: { tokenSecret: "token" } };
    const manifests = await chart.render(bundled, values);
    expect(secretsOf(manifests).size).toBe(0);
    const text = (name: string) =>
      JSON.stringify(volumes.parse(named(manifests, "Deployment", name).spec).template.spec);
    for (const name of ["n-logins", "n-cert"]) expect(text("-edge")).toContain(`"${name}"`);
    for (const name of ["c-logins", "c-cert"]) expect(text("-delivery")).toContain(`"${name}"`);
    expect(text("-edge")).not.toContain('"c-');
    const servers = JSON.stringify(manifests.filter(({ kind }) => kind === "StatefulSet"));
    for (const name of ["n-logins", "n-cert", "c-cert"]) expect(servers).toContain(`"${name}"`);
  });

  test.each([
    ["nats", "tls.crt", ["mail-godwit-nats-4.mail-godwit-nats", "mail-godwit-nats.post.svc"]],
    ["cassandra", "tls-combined.pem", ["mail-godwit-cassandra"]],
  ])(
    "the certificate of %s is for its names, by an authority of its own",
    async (server, file, names) => {
      const manifests = await chart.render(bundled);
      const files = podFiles(manifests, named(manifests, "StatefulSet", `-${server}`), "tls");
      const pem = new TextDecoder().decode(files.get(file));
      const certificate = new X509Certificate(pem.slice(pem.indexOf("-----BEGIN CERTIFICATE")));
      const authority = new X509Certificate(files.get("ca.crt") ?? "");
      for (const name of [...names, "localhost"]) expect(certificate.checkHost(name)).toBe(name);
      expect(certificate.checkHost("mta.example.net")).toBeUndefined();
      expect(certificate.verify(authority.publicKey)).toBe(true);
      expect(certificate.ca).toBe(false);
      expect(authority.ca).toBe(true);
      const years =
        (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 31_536e6;
      expect(Math.round(years)).toBe(20);
    },
  );

  test("without TLS nobody is told of a certificate", async () => {
    const off = { bundled: { tls: { enabled: false } } };
    const manifests = await chart.render(bundled, { nats: off, cassandra: off });
    expect(JSON.stringify(manifests)).not.toContain("ca.crt");
    expect(fileOf(manifests, "-edge")).toContain("nats://mail-godwit-nats-0.");
    expect(fileOf(manifests, "-nats", "nats.conf")).not.toContain("tls {");
    expect(fileOf(manifests, "-cassandra", "cassandra.yaml")).not.toContain("encryption");
  });

  test.skipIf(natsMissing() !== undefined)(
    titled("nats-server takes what is written for it, alone and with others", natsMissing()),
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "godwit-nats-conf-"));
      for (const replicas of [1, 3]) {
        for (const enabled of [true, false]) {
          const server = { bundled: { replicas, tls: { enabled } } };
          const one = { config: { nats: { replicas: 1 } }, nats: server };
          const manifests = await chart.render(bundled, one);
          const set = named(manifests, "StatefulSet", "-nats");
          const place = join(folder, `${replicas}-${enabled}`);
          await writeFiles(place, podFiles(manifests, set, "tls"));
          const text = fileOf(manifests, "-nats", "nats.conf");
          const file = join(folder, `${replicas}-${enabled}.conf`);
          await writeFile(file, text.replaceAll("/etc/nats-tls", place));
          const said = await ran([await natsBinary(), "-t", "-c", file], {
            environment: { POD_NAME: "godwit-nats-0", ...podEnvironment(manifests, set) },
          });
          expect([replicas, enabled, said.code, said.err]).toEqual([
            ...[replicas, enabled, 0],
            expect.stringContaining("is valid"),
          ]);
        }
      }
      await rm(folder, { recursive: true });
    },
  );
});
