import { describe, expect, test } from "bun:test";
import { ForgetfulMap } from "./forgetful-map.ts";

describe("a map that forgets", () => {
  const isIdle = (until: number, now: number) => until <= now;

  test("keeps what is not idle", () => {
    const map = new ForgetfulMap<number>(isIdle);
    for (let n = 0; n < 1_000; n++) map.set(`k${n}`, 10, n / 1_000);
    expect(map.size).toBe(1_000);
    expect(map.get("k0")).toBe(10);
    expect([...map.entries()]).toHaveLength(1_000);
  });

  test("forgets all that is idle while others come", () => {
    const map = new ForgetfulMap<number>(isIdle);
    for (let n = 0; n < 1_000; n++) map.set(`old ${n}`, 10, 0);
    for (let n = 0; n < 600; n++) map.set(`new ${n}`, 100, 50);
    expect(map.get("old 0")).toBeUndefined();
    expect([...map.entries()].filter(([key]) => key.startsWith("old"))).toEqual([]);
    expect(map.size).toBe(600);
  });

  test("looks at nothing when an entry is changed", () => {
    const map = new ForgetfulMap<number>(isIdle);
    map.set("idle", 0, -1);
    map.set("kept", 10, -1);
    for (let n = 0; n < 10; n++) map.set("kept", 10, 5);
    expect(map.get("idle")).toBe(0);
  });
});
