import { describe, expect, test } from "bun:test";
import { type LoadOptions, loadConfig } from "#lib/config/load";
import { type RoleConfig, roleYaml } from "./role-config.ts";

const common: Omit<RoleConfig, "name" | "role" | "smtpPort"> = {
  controlPort: 8_025,
  shards: 4,
  natsServers: ["nats://127.0.9.1:4222", "nats://127.0.9.2:4222", "nats://127.0.9.3:4222"],
  cassandraContactPoints: ["127.0.9.1:9042"],
  localDataCenter: "dc1",
  nextHop: { address: "127.0.0.1", port: 2526 },
  exceptions: [{ domain: "down.example", nextHop: { address: "127.0.0.1", port: 9 } }],
  named: undefined,
  tokenFile: "../control.token",
  shardBytesMax: "2MiB",
  delivery: ["retry: { first: 1s }"],
  shaping: ["/cluster/shaping.yaml"],
};

const options: LoadOptions = {
  fileName: "/cluster/roles/it/godwit.yaml",
  osHostname: "machine.example",
  environment: {},
  readFile: () => "domains: { slow.example: { messages: 1/s } }\n",
};

describe("roleYaml()", () => {
  test.each([
    { name: "edge0", role: "edge", smtpPort: 2_525 },
    { name: "worker0", role: "delivery", smtpPort: undefined },
    { name: "control0", role: "control", smtpPort: undefined },
  ] as const)("is without fault for $role", ({ name, role, smtpPort }) => {
    const yaml = roleYaml({ ...common, name, role, smtpPort });
    const loaded = loadConfig(yaml, { ...options, role });
    expect("faults" in loaded ? loaded.faults : []).toEqual([]);
    expect(loaded).toMatchObject({
      config: {
        hostname: `${name}.godwit.example`,
        shards: 4,
        shapingFiles: [{ name: "/cluster/shaping.yaml" }],
        routes: [{ domain: "down.example" }, { domain: "*" }],
        nats: { replicas: 3, servers: common.natsServers, shardBytesMax: 2 * 1_024 * 1_024 },
        cassandra: { localDataCenter: "dc1", replication: 1 },
        control: { port: 8_025, tokenFile: "/cluster/roles/control.token" },
      },
    });
  });

  test("tells a worker its name, and how it delivers", () => {
    const yaml = roleYaml({ ...common, name: "w1", role: "delivery", smtpPort: undefined });
    const loaded = loadConfig(yaml, { ...options, role: "delivery" });
    expect(loaded).toMatchObject({
      config: { delivery: { name: "w1", retry: { firstMs: 1_000 } } },
    });
  });

  test("sends some mail by name, and says who knows the name", () => {
    const nameServer = { address: "127.0.0.1", port: 5353 };
    const named = { destinations: "*.named.example", host: "mx.named.example", nameServer };
    const of = { ...common, named, name: "w1", role: "delivery", smtpPort: undefined } as const;
    const loaded = loadConfig(roleYaml(of), { ...options, role: "delivery" });
    expect(loaded).toMatchObject({
      config: {
        dns: { servers: [nameServer] },
        routes: [
          { domain: "down.example" },
          { domain: "*" },
          { domain: "*.named.example", nextHop: { host: "mx.named.example", port: 2526 } },
        ],
      },
    });
  });

  test("asks for no more copies than there are servers", () => {
    const [only = ""] = common.natsServers;
    const yaml = roleYaml({
      ...common,
      name: "w",
      role: "delivery",
      smtpPort: undefined,
      natsServers: [only],
    });
    expect(yaml).toContain("replicas: 1\n");
  });
});
