import { expect, test } from "bun:test";
import { types } from "cassandra-driver";
import { silentLog } from "#lib/telemetry/log";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { Connection, clientOptions } from "./connection.ts";

const options = {
  contactPoints: ["127.0.0.1:1"],
  localDataCenter: "dc1",
  keyspace: "godwit",
  clock: new ManualClock(),
  log: silentLog,
};

test("a cluster that cannot be reached is tried again after a while, until the end", async () => {
  const clock = new ManualClock();
  const events: string[] = [];
  const log = { ...silentLog, error: (event: string) => void events.push(event) };
  const connection = new Connection({ ...options, clock, log });
  await connection.tried();
  expect(connection.isConnected).toBe(false);
  expect(() => connection.client).toThrow("Cannot use the store");
  expect(events).toEqual(["store_connect_failed"]);
  expect(clock.timers).toBe(1);
  await connection.close();
  expect(clock.timers).toBe(0);
  expect(() => connection.client).toThrow("closed");
});

test("what the driver would do by default and must not", () => {
  const { queryOptions, socketOptions, monitorReporting } = clientOptions(options);
  expect(queryOptions.consistency).toBe(types.consistencies.localQuorum);
  expect(queryOptions).toMatchObject({ prepare: true, isIdempotent: true });
  expect(socketOptions.readTimeout).toBeLessThan(5_000);
  expect(monitorReporting.enabled).toBe(false);
});

test("certificates and credentials are handed on", () => {
  const credentials = { username: "godwit", password: "secret" };
  const tls = { ca: "CA", serverName: "nodes.example", certificate: "CERT", privateKey: "KEY" };
  const made = clientOptions({ ...options, credentials, tls });
  expect(made).toMatchObject({
    credentials,
    sslOptions: {
      ...{ ca: "CA", cert: "CERT", key: "KEY" },
      ...{ servername: "nodes.example", rejectUnauthorized: true },
    },
  });
  expect(clientOptions(options)).not.toHaveProperty("sslOptions");
});
