import { expect, test } from "bun:test";
import { cassandraSchema, natsSchema } from "./cluster.ts";

const secrets = { readFile: () => "s3cret\n", environment: { GODWIT_PASSWORD: "pw" } };
const servers = ["tls://nats1.example.net:4222"];

test("NATS is shown one proof of who we are", () => {
  const nats = natsSchema(secrets);
  const login = { user: "godwit", password: { env: "GODWIT_PASSWORD" } };
  expect(nats.parse({ servers, ...login })).toMatchObject({ user: "godwit", password: "pw" });
  expect(nats.parse({ servers })).toMatchObject({ replicas: 3, namespace: "" });
  expect(nats.safeParse({ servers, ...login, token: "t" }).success).toBe(false);
  expect(nats.safeParse({ servers, password: "pw" }).success).toBe(false);
});

test("Cassandra needs a place and a data centre; the port is known", () => {
  const cassandra = cassandraSchema(secrets);
  const place = { contactPoints: ["c1.example.net"], localDataCenter: "dc1" };
  expect(cassandra.parse(place)).toMatchObject({ keyspace: "godwit", replication: 3 });
  expect(cassandra.parse({ ...place, tls: { serverName: "mail-cassandra" } })).toMatchObject({
    tls: { serverName: "mail-cassandra" },
  });
  expect(cassandra.safeParse({ ...place, tls: { serverName: "10.0.0.1" } }).success).toBe(false);
  expect(cassandra.safeParse({ ...place, contactPoints: [] }).success).toBe(false);
  expect(cassandra.safeParse({ ...place, replication: 0 }).success).toBe(false);
});
