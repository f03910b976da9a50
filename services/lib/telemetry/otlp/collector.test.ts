import { beforeEach, expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import type { Log } from "../log.ts";
import { Collector, type Fetch } from "./collector.ts";

let clock: VirtualClock;
let told: string[];
let answers: (Response | Error)[];
let asked: { url: string; init: RequestInit }[];

const note = (event: string) => void told.push(event);
const log: Log = { debug: note, info: note, warn: note, error: note };

beforeEach(() => {
  clock = new VirtualClock();
  [told, answers, asked] = [[], [], []];
});

function collector(fetch: Fetch = scripted): Collector {
  const headers = { authorization: "Bearer a" };
  return new Collector({ url: "http://collector:4318/", headers, clock, log, fetch });
}

const scripted: Fetch = async (url, init) => {
  asked.push({ url, init });
  const answer = answers.shift() ?? new Response("{}");
  if (answer instanceof Error) throw answer;
  return answer;
};

test("posts JSON with its headers, and follows nobody elsewhere", async () => {
  expect(await collector().post("/v1/traces", { x: 1 })).toBe("taken");
  expect(asked).toMatchObject([
    {
      url: "http://collector:4318/v1/traces",
      init: {
        method: "POST",
        redirect: "error",
        body: '{"x":1}',
        headers: { authorization: "Bearer a", "content-type": "application/json" },
      },
    },
  ]);
});

test.each([
  [200, "taken"],
  [202, "taken"],
  [429, "busy"],
  [503, "busy"],
  [400, "refused"],
  [401, "refused"],
  [500, "refused"],
] as const)("an answer of %d is %s", async (status, posted) => {
  answers = [new Response("", { status })];
  expect(await collector().post("/v1/metrics", {})).toBe(posted);
});

test.each([
  ["cannot be reached", new Error("ECONNREFUSED")],
  ["answers with an error", new Response("", { status: 503 })],
])("says once that it is away, and once that it is back: %s", async (_, answer) => {
  const one = collector();
  answers = [answer, answer, new Response("{}")];
  const all = [];
  for (let i = 0; i < 4; i++) all.push(await one.post("/v1/traces", {}));
  expect(all).toEqual(["busy", "busy", "taken", "taken"]);
  expect(told).toEqual(["telemetry_not_exported", "telemetry_exported_again"]);
  expect(clock.nextDueAt()).toBeUndefined();
});

test("one that never answers is given up after ten seconds", async () => {
  const silent: Fetch = (_, { signal }) => {
    const { promise, reject } = Promise.withResolvers<Response>();
    signal?.addEventListener("abort", () => reject(signal.reason));
    return promise;
  };
  const posting = collector(silent).post("/v1/traces", {});
  await clock.advance(10_000);
  expect(await posting).toBe("busy");
});
