import { expect, test } from "bun:test";
import { silentLog } from "#lib/telemetry/log";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import type { Fate, Letter } from "../publishing/persistent-publisher.ts";
import { ShutStreams } from "./shut-streams.ts";

const stored: Fate = { kind: "stored", isDuplicate: false };
const full: Fate = { kind: "full", reason: "it is full" };

function bench() {
  const clock = new ManualClock();
  const stopping = new AbortController();
  const tried: { readonly id: string; readonly end: (fate: Fate) => void }[] = [];
  const publish = ({ id }: Letter) => new Promise<Fate>((end) => void tried.push({ id, end }));
  const shut = new ShutStreams({ publisher: { publish }, clock, log: silentLog });
  const ended: string[] = [];
  const wait = (id: string, stream = "Q000") => {
    const letter = { id, stream, subject: "mta.q.000.n.example", data: new Uint8Array([1]) };
    const refused = { letter, reason: "it is full" };
    void shut.wait(refused, stopping.signal).then((isStored) => ended.push(`${id} ${isStored}`));
  };
  const settle = async () => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settle();
  };
  /** Ends all that is being tried; tells what that was. */
  const answer = async (fate: Fate) => {
    const ids = tried.map(({ id }) => id);
    for (const { end } of tried.splice(0)) end(fate);
    await settle();
    return ids;
  };
  return { shut, stopping, ended, wait, pass, answer, settle };
}

test("only the first of a stream is tried, from time to time", async () => {
  const { shut, ended, wait, pass, answer } = bench();
  for (const id of ["a", "b", "c"]) wait(id);
  wait("d", "Q001");
  await pass(999);
  expect(await answer(full)).toEqual([]);
  await pass(1);
  expect(await answer(full)).toEqual(["a", "d"]);
  await pass(1_000);
  expect(await answer(full)).toEqual(["a", "d"]);
  expect([shut.isShut("Q000"), shut.isShut("Q001"), shut.isShut("Q002")]).toEqual([
    ...[true, true, false],
  ]);
  expect(ended).toEqual([]);
});

test("when it is taken all are tried, and the stream is open when none is left", async () => {
  const { shut, ended, wait, pass, answer } = bench();
  for (const id of ["a", "b", "c"]) wait(id);
  await pass(1_000);
  await answer(stored);
  // It came while the others are tried.
  wait("d");
  expect(await answer(full)).toEqual(["b", "c"]);
  expect([ended, shut.isShut("Q000")]).toEqual([["a true"], true]);
  await pass(1_000);
  expect(await answer(stored)).toEqual(["b"]);
  expect(await answer(stored)).toEqual(["c", "d"]);
  expect([ended.length, shut.isShut("Q000")]).toEqual([4, false]);
});

test("who waits is told when it is to stop", async () => {
  const { shut, stopping, ended, wait, pass, answer, settle } = bench();
  wait("a");
  wait("b");
  await pass(1_000);
  stopping.abort();
  await settle();
  expect(ended).toEqual([]);
  expect(await answer(stored)).toEqual(["a"]);
  await answer(full);
  expect(ended).toEqual(["a true", "b false"]);
  expect(shut.isShut("Q000")).toBe(false);
});
