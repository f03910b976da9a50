import { expect, test } from "bun:test";
import type { StoredMsg } from "@nats-io/jetstream";
import { clusterNames } from "#proto/subjects";
import { failureOf } from "../../../../test/support/failure.ts";
import type { Fate, Letter } from "../publishing/persistent-publisher.ts";
import { FanOutProgress } from "./fan-out-progress.ts";

const id = "0000000000000000000000000A";
const subject = `$KV.mta_once.split.${id}`;

function bench(fate: Fate = { kind: "stored", isDuplicate: false }) {
  const stored = new Map<string, Uint8Array>();
  const letters: Letter[] = [];
  const publish = async (letter: Letter) => {
    letters.push(letter);
    if (fate.kind === "stored") stored.set(letter.subject, letter.data);
    return fate;
  };
  const getMessage = async (stream: string, query: object) => {
    expect(stream).toBe("KV_mta_once");
    const key = "last_by_subj" in query ? String(query.last_by_subj) : "";
    const data = stored.get(key);
    return data === undefined ? null : ({ data } as StoredMsg);
  };
  const manager = { streams: { getMessage } };
  const progress = new FanOutProgress({ names: clusterNames(), manager, publisher: { publish } });
  return { progress, stored, letters };
}

test("what is written is found, and nothing of another message", async () => {
  const { progress, letters } = bench();
  expect(await progress.of(id)).toEqual(new Set());
  expect(await progress.remember(id, new Set([2, 0]))).toBe(true);
  expect([letters[0]?.subject, letters[0]?.id]).toEqual([subject, `${id}/split/0.2`]);
  expect(await progress.of(id)).toEqual(new Set([0, 2]));
  expect(await progress.of("0000000000000000000000000B")).toEqual(new Set());
});

test("what cannot be written is said", async () => {
  const { progress } = bench({ kind: "unavailable", reason: "no leader" });
  expect(await progress.remember(id, new Set([0]))).toBe(false);
});

test("what nobody can read is as if it were not there", async () => {
  const { progress, stored } = bench();
  stored.set(subject, new Uint8Array([1, 2, 3]));
  expect(await progress.of(id)).toEqual(new Set());
});

test("when NATS cannot say nobody guesses", async () => {
  const getMessage = () => Promise.reject(new Error("no leader"));
  const publisher = { publish: async (): Promise<Fate> => ({ kind: "full", reason: "" }) };
  const manager = { streams: { getMessage } };
  const progress = new FanOutProgress({ names: clusterNames(), manager, publisher });
  expect(await failureOf(progress.of(id))).toEqual(new Error("no leader"));
});
