import { expect, test } from "bun:test";
import { LocalBus } from "#lib/leases/local-bus";
import { MemoryStore } from "#lib/store/memory";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import { ManualClock } from "../../test/support/manual-clock.ts";
import type { ControlPorts } from "./ports.ts";
import { ControlServer } from "./server.ts";

const clock = new ManualClock();
const ports: ControlPorts = {
  bus: new LocalBus({ clock }),
  store: new MemoryStore({ clock }),
  journal: new MemoryLog({ clock, shards: 1 }).journal(),
  metrics: { render: async () => "" },
  clock,
  log: silentLog,
  token: "a-token-of-our-own",
  unreadiness: () => [],
};

test("ControlServer serves until it is stopped, and can be stopped twice", async () => {
  const server = new ControlServer({ address: "127.0.0.1", port: 0 }, ports);
  const { address, port } = server.start();
  const response = await fetch(`http://${address}:${port}/livez`);
  expect(await response.text()).toBe("ok\n");
  await server.stop();
  await server.stop();
  await expect(fetch(`http://${address}:${port}/livez`)).rejects.toThrow();
});

test("ControlServer names the address that it cannot have", async () => {
  const first = new ControlServer({ address: "127.0.0.1", port: 0 }, ports);
  const { port } = first.start();
  const second = new ControlServer({ address: "127.0.0.1", port }, ports);
  expect(() => second.start()).toThrow(`Cannot serve the control API on 127.0.0.1 port ${port}`);
  await first.stop();
});

test("ControlServer refuses a body beyond its limit", async () => {
  const server = new ControlServer({ address: "127.0.0.1", port: 0 }, ports);
  const { port } = server.start();
  const response = await fetch(`http://127.0.0.1:${port}/v1/queue/retry`, {
    method: "POST",
    headers: { authorization: `Bearer ${ports.token}` },
    body: "x".repeat(100_000),
  });
  expect(response.status).toBe(413);
  await server.stop();
});
