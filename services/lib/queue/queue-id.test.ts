import { describe, expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import {
  firstUidOf,
  makeQueueId,
  notificationId,
  parseQueueId,
  parseUid,
  queueIdPrefix,
  queueIdTime,
  siblingId,
} from "./queue-id.ts";
import type { QueueId, Uid } from "./unit.ts";

describe("queue ids", () => {
  test("tell when they were made, and sort by it", () => {
    const random = seededRandom(1);
    const times = [0, 1, 1_469_918_176_385, 1_800_000_000_000, 2 ** 48 - 1];
    const ids = times.map((time) => makeQueueId(time, random));
    expect(ids.map(queueIdTime)).toEqual(times);
    expect([...ids].sort()).toEqual(ids);
    expect(ids.every((id) => parseQueueId(id) === id)).toBe(true);
  });

  test("lie behind the first of their time, and before that of the next", () => {
    const at = 1_795_000_000_000;
    const uid = parseUid(`${makeQueueId(at, seededRandom(1))}.0`) ?? "";
    const texts = [
      queueIdPrefix(at),
      firstUidOf(at),
      uid,
      queueIdPrefix(at + 1),
      firstUidOf(at + 1),
    ];
    expect([...texts].sort()).toEqual(texts);
    expect(parseUid(firstUidOf(at))).toBe(firstUidOf(at));
  });

  test("have the time of the ULID specification's example", () => {
    expect(makeQueueId(1_469_918_176_385, seededRandom(1)).slice(0, 10)).toBe("01ARYZ6S41");
  });

  test.each([
    "",
    "01ARYZ6S41",
    "01ARYZ6S41TSV4RRFFQ69G5FAI",
    "81ARYZ6S41TSV4RRFFQ69G5FAV",
    "01ARYZ6S41TSV4RRFFQ69G5FAVX",
  ])("parseQueueId() refuses %p", (text) => {
    expect(parseQueueId(text)).toBeUndefined();
  });

  test("parseQueueId() takes lower case, as people type it", () => {
    expect(parseQueueId("01aryz6s41tsv4rrffq69g5fav")).toBe("01ARYZ6S41TSV4RRFFQ69G5FAV" as never);
  });

  test.each([
    ["01ARYZ6S41TSV4RRFFQ69G5FAV.0", true],
    ["01ARYZ6S41TSV4RRFFQ69G5FAV.12", true],
    ["01ARYZ6S41TSV4RRFFQ69G5FAV.", false],
    ["01ARYZ6S41TSV4RRFFQ69G5FAV.01", false],
    ["01ARYZ6S41TSV4RRFFQ69G5FAV", false],
    ["x.1", false],
  ])("parseUid(%p) is a uid: %p", (text, isUid) => {
    expect(parseUid(text) !== undefined).toBe(isUid);
  });
});

describe("notificationId()", () => {
  const uid = "01ARYZ6S41TSV4RRFFQ69G5FAV.0" as Uid;

  test("is the same for the same notification, and a queue id", () => {
    const told = { action: "failed", attempt: 1, paths: ["a@b.example"] };
    const id = notificationId(uid, told);
    expect(id).toBe(notificationId(uid, { ...told }));
    expect(parseQueueId(id)).toBe(id);
    expect(queueIdTime(id)).toBe(1_469_918_176_385);
  });

  test("differs by unit, action, attempt and recipients", () => {
    const ids = new Set<string>();
    for (const n of [0, 1, 2]) {
      const other = uid.replace(/\.0$/, `.${n}`) as Uid;
      for (const action of ["failed", "delayed"]) {
        for (const attempt of [1, 2, 3]) {
          ids.add(notificationId(other, { action, attempt, paths: ["a@b.example"] }));
          ids.add(
            notificationId(other, { action, attempt, paths: ["a@b.example", "c@b.example"] }),
          );
        }
      }
    }
    expect(ids.size).toBe(36);
  });
});

describe("siblingId()", () => {
  const first = "01ARYZ6S41TSV4RRFFQ69G5FAV" as QueueId;

  test("is the first one's own, and for each other message another one of the same time", () => {
    const ids = Array.from({ length: 5_000 }, (_, n) => siblingId(first, n));
    expect(ids[0]).toBe(first);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => parseQueueId(id) === id)).toBe(true);
    expect(new Set(ids.map(queueIdTime)).size).toBe(1);
  });

  test("is the same when it is asked again, and another for another first one", () => {
    expect(siblingId(first, 7)).toBe(siblingId(first, 7));
    const other = "01ARYZ6S41TSV4RRFFQ69G5FAW" as QueueId;
    expect(siblingId(other, 7)).not.toBe(siblingId(first, 7));
  });
});
