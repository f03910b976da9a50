import { expect, test } from "bun:test";
import { LocalBus } from "#lib/leases/local-bus";
import { MemoryLeases } from "#lib/leases/memory";
import type { ControlPorts } from "#lib/role/control-ports";
import { storeRecords } from "#lib/role/records";
import { MemoryStore } from "#lib/store/memory";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { ControlServer } from "./server.ts";

const clock = new ManualClock();
const stream = new MemoryLog({ clock, shards: 1 });
const operators = {
  shards: 1,
  bus: new LocalBus({ clock }),
  records: storeRecords(new MemoryStore({ clock })),
  journal: stream.journal(),
  leases: new MemoryLeases({ clock }),
  stream: stream.stream(),
};
const ports: ControlPorts = {
  metrics: { render: async () => "" },
  clock,
  log: silentLog,
  reasons: () => [],
  operators: () => operators,
  makesToken: false,
};
const token = "a-token-of-our-own";

function open(port: number): Promise<ControlServer> {
  return ControlServer.open({ address: "127.0.0.1", port, token, tokenFile: "" }, ports);
}

test("ControlServer serves until it is stopped, and can be stopped twice", async () => {
  const server = await open(0);
  const { address, port } = server.start();
  const response = await fetch(`http://${address}:${port}/livez`);
  expect(await response.text()).toBe("ok\n");
  await server.stop();
  await server.stop();
  await expect(fetch(`http://${address}:${port}/livez`)).rejects.toThrow();
});

test("ControlServer names the address that it cannot have", async () => {
  const first = await open(0);
  const { port } = first.start();
  const second = await open(port);
  expect(() => second.start()).toThrow(`Cannot serve the control API on 127.0.0.1 port ${port}`);
  await first.stop();
});

test("ControlServer refuses a body beyond its limit", async () => {
  const server = await open(0);
  const { port } = server.start();
  const response = await fetch(`http://127.0.0.1:${port}/v1/queue/retry`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: "x".repeat(100_000),
  });
  expect(response.status).toBe(413);
  await server.stop();
});
