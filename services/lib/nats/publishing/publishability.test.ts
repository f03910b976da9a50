import { expect, test } from "bun:test";
import type { StreamInfo } from "@nats-io/jetstream";
import { silentLog } from "#lib/telemetry/log";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { ScriptedWire } from "../../../../test/support/nats/scripted-wire.ts";
import { Publishability } from "./publishability.ts";

function bench() {
  const [wire, clock] = [new ScriptedWire(), new ManualClock()];
  const bytes = new Map([
    ["Q000", 0],
    ["Q001", 0],
  ]);
  const info = async (stream: string) => {
    const held = bytes.get(stream);
    if (held === undefined) throw new Error("timeout");
    return { config: { max_bytes: 1_000 }, state: { bytes: held } } as StreamInfo;
  };
  const told: boolean[] = [];
  const streams = ["Q000", "Q001"];
  const manager = { streams: { info } };
  const publishability = new Publishability({
    link: wire,
    manager,
    clock,
    log: silentLog,
    streams,
  });
  publishability.onChange(({ isPublishable }) => told.push(isPublishable));
  const turn = async () => {
    clock.advance(2_000);
    for (let i = 0; i < 50; i++) await Promise.resolve();
  };
  return { wire, clock, bytes, publishability, told, turn };
}

test("nothing is publishable before it was asked, and then it is", async () => {
  const { publishability, turn } = bench();
  expect(publishability.state.reason).toContain("has not been asked");
  publishability.start();
  await turn();
  expect(publishability.state).toEqual({ isPublishable: true });
  await publishability.stop();
});

test("one stream that cannot be published to leaves the others", async () => {
  const { bytes, publishability, turn, told } = bench();
  publishability.start();
  await turn();
  bytes.set("Q000", 1_000);
  await turn();
  await turn();
  expect([...publishability.bad]).toEqual([["Q000", "it is full"]]);
  bytes.delete("Q001");
  await turn();
  await turn();
  expect(publishability.state.isPublishable).toBe(false);
  bytes.set("Q000", 0);
  await turn();
  expect(publishability.state.isPublishable).toBe(true);
  expect(told.slice(-2)).toEqual([false, true]);
  await publishability.stop();
});

test("what publishes come to counts at once, and so does the connection", async () => {
  const { wire, publishability, told } = bench();
  publishability.learn("Q000", { kind: "stored", isDuplicate: false });
  expect(publishability.state.isPublishable).toBe(true);
  publishability.learn("Q000", { kind: "unavailable", reason: "no answer" });
  expect(publishability.state.isPublishable).toBe(false);
  expect(publishability.bad.get("Q000")).toBe("no answer");
  publishability.learn("Q001", { kind: "stored", isDuplicate: false });
  wire.turn(false);
  expect(publishability.state.reason).toContain("no connection");
  expect(told).toEqual([true, false, true, false]);
});

test("a stream that has no room is known as full until it has some, by whoever asks again", async () => {
  const { bytes, publishability, turn } = bench();
  publishability.learn("Q001", { kind: "full", reason: "maximum bytes exceeded" });
  // Nobody would learn that it has room again.
  expect(publishability.isFull("Q001")).toBe(false);
  bytes.set("Q000", 1_000);
  bytes.set("Q001", 1_000);
  publishability.start();
  await turn();
  expect([publishability.isFull("Q000"), publishability.isFull("Q001")]).toEqual([true, true]);
  bytes.delete("Q000");
  bytes.set("Q001", 0);
  await turn();
  // One that does not answer may have room.
  expect([publishability.isFull("Q000"), publishability.isFull("Q001")]).toEqual([false, false]);
  publishability.learn("Q001", { kind: "full", reason: "maximum bytes exceeded" });
  expect(publishability.isFull("Q001")).toBe(true);
  publishability.learn("Q001", { kind: "stored", isDuplicate: false });
  expect(publishability.isFull("Q001")).toBe(false);
  await publishability.stop();
});
