import { describe, expect, test } from "bun:test";
import { defaultEdgeLimits } from "./config.ts";
import { Load } from "./load.ts";
import { noMetrics } from "./metrics.ts";

const limits = {
  ...defaultEdgeLimits,
  sessionsMax: 10,
  sessionsPerAddressMax: 3,
  contentBytesMax: 1_000,
};

const newLoad = () => new Load(limits, noMetrics);

describe("Load", () => {
  test("opens as many sessions for an address as allowed, and again when one closed", () => {
    const load = newLoad();
    const opened = () => load.open("192.0.2.1");
    expect([opened(), opened(), opened(), opened()]).toEqual([
      "opened",
      "opened",
      "opened",
      "address",
    ]);
    expect(load.open("192.0.2.2")).toBe("opened");
    load.close("192.0.2.1");
    expect(opened()).toBe("opened");
    expect(load.sessions).toBe(4);
  });

  test("opens as many sessions in all as allowed", () => {
    const load = newLoad();
    for (let i = 0; i < 10; i++) expect(load.open(`192.0.2.${i}`)).toBe("opened");
    expect(load.open("192.0.2.99")).toBe("sessions");
  });

  test("allows less silence when nearly all sessions are taken", () => {
    const load = newLoad();
    for (let i = 0; i < 9; i++) load.open(`192.0.2.${i}`);
    expect(load.idleMs).toBe(300_000);
    load.open("192.0.2.10");
    expect(load.idleMs).toBe(10_000);
    load.close("192.0.2.10");
    expect(load.idleMs).toBe(300_000);
  });

  test("has room for content up to the limit, and knows when more came than declared", () => {
    const load = newLoad();
    load.hold(600);
    expect(load.hasRoomFor(0)).toBe(true);
    expect(load.hasRoomFor(399)).toBe(true);
    expect(load.hasRoomFor(400)).toBe(false);
    load.hold(500);
    expect(load.isOverfull).toBe(true);
    load.hold(-1_100);
    expect([load.contentBytes, load.isOverfull]).toEqual([0, false]);
  });
});
