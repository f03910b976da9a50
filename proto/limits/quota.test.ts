import { describe, expect, test } from "bun:test";
import type { Json } from "#lib/leases/bus";
import { hexOf, incarnation, shard } from "../../test/support/records.ts";
import { decodeRequest, encodeRequest } from "../bus-message.ts";
import { encodeRecord, UndecodableRecord } from "../record.ts";
import {
  connectionsWanted,
  type QuotaAnswer,
  type QuotaAsk,
  quotaAnswers,
  quotaQuestion,
  readQuotaAnswers,
  readQuotaQuestion,
  readRollAnswer,
  readRollCall,
  readTurn,
  rollAnswer,
  rollCall,
  turnCome,
} from "./quota.ts";

const holder = incarnation("w1/1");
const rate: QuotaAsk = {
  kind: "rate",
  key: "k",
  ask: { number: 3, wanted: 2.5, largest: 1, unspent: 0.5 },
  perMs: 0.05,
  burst: 5,
};
const connections: QuotaAsk = {
  kind: "connections",
  key: "c",
  ask: { number: 4, wanted: 7, open: 2 },
  max: 10,
};
const asks = [rate, connections];
const answers: readonly QuotaAnswer[] = [
  { kind: "share", number: 3, perMs: 0.025, burst: 2, tokens: 1.5 },
  { kind: "share", number: 4, max: 5 },
  { kind: "silent", number: 5, forMs: 4_000.5 },
  undefined,
];

describe("a question for shares", () => {
  test("is written in bytes that do not change", () => {
    expect(hexOf(encodeRequest(quotaQuestion({ holder, asks })))).toBe(
      "9301a971756f74612e61736b83a17601a6686f6c646572a477312f31a461736b73929800a16b03" +
        "cb400400000000000001cb3fe0000000000000cb3fa999999999999a059601a1630407020a",
    );
  });

  test("is read as it was written, over the bus, too", () => {
    const question = quotaQuestion({ holder, asks });
    expect(readQuotaQuestion(question)).toEqual({ holder, asks });
    expect(readQuotaQuestion(decodeRequest(encodeRequest(question)))).toEqual({ holder, asks });
  });

  test("is read from a newer version that says more", () => {
    const said: Json = [[1, "c", 4, 7, 2, 10, "more"]];
    const told = { v: 1, holder, asks: said, more: 1 };
    expect(readQuotaQuestion({ verb: "quota.ask", arguments: told }).asks).toEqual([connections]);
  });

  test.each([
    ["another version", { v: 2, holder, asks: [] }],
    ["a holder that is none", { v: 1, holder: "w1", asks: [] }],
    ["no questions", { v: 1, holder }],
    ["a kind that is not known", { v: 1, holder, asks: [[2, "k", 1, 1, 1, 1]] }],
    ["a number that is none", { v: 1, holder, asks: [[1, "k", -1, 1, 1, 1]] }],
    ["a rate that lets nothing through", { v: 1, holder, asks: [[0, "k", 1, 1, 1, 0, 0, 1]] }],
    ["a wish that is not finite", { v: 1, holder, asks: [[1, "k", 1, Infinity, 1, 1]] }],
  ])("%s is refused", (_, told) => {
    const question = { verb: "quota.ask", arguments: told };
    expect(() => readQuotaQuestion(question)).toThrow(UndecodableRecord);
  });
});

describe("the answers of a home", () => {
  test("are written in bytes that do not change", () => {
    expect(hexOf(encodeRecord(quotaAnswers(answers)))).toBe(
      "82a17601a7616e737765727394950203cb3f9999999999999a02cb3ff800000000000093030405" +
        "930105cb40af4100000000009100",
    );
  });

  test("are read as they were written", () => {
    expect(readQuotaAnswers(quotaAnswers(answers))).toEqual(answers);
  });

  test.each<[string, Json]>([
    ["another version", { v: 2, answers: [] }],
    ["nothing", null],
    ["a kind that is not known", { v: 1, answers: [[4, 1]] }],
    ["a share without tokens", { v: 1, answers: [[2, 1, 0.5, 1]] }],
  ])("%s is refused", (_, value) => {
    expect(() => readQuotaAnswers(value)).toThrow(UndecodableRecord);
  });
});

test("a word that a turn has come is read as it was written", () => {
  expect(hexOf(encodeRequest(turnCome(["k", "c"])))).toBe(
    "9301aa71756f74612e7475726e82a17601a46b65797392a16ba163",
  );
  expect(readTurn(turnCome(["k", "c"]))).toEqual(["k", "c"]);
  expect(connectionsWanted(["k"])).toEqual({ ...turnCome(["k"]), verb: "quota.wanted" });
});

test("a roll call and its answer are read as they were written", () => {
  expect(hexOf(encodeRequest(rollCall(shard(7))))).toBe(
    "9301aa71756f74612e726f6c6c82a17601a4686f6d6507",
  );
  expect(readRollCall(rollCall(shard(7)))).toBe(shard(7));
  expect(readRollAnswer(rollAnswer([connections]))).toEqual([connections]);
  expect(() => readRollAnswer({ v: 1 })).toThrow(UndecodableRecord);
});
