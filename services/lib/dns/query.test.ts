import { describe, expect, test } from "bun:test";
import { type Answer, decode, encode, RECURSION_AVAILABLE } from "dns-packet";
import { seededRandom } from "#lib/random";
import { isResponseTo, makeQuery, type Query, readResponse } from "./query.ts";

const question = { name: "mail.example.com", type: "MX" as const };
const make = (seed: number, withEdns = true) =>
  makeQuery(question, { random: seededRandom(seed), withEdns });

function respond(query: Query, changes: object = {}): Uint8Array {
  const packet = decode(Buffer.from(query.bytes));
  return encode({
    type: "response",
    id: packet.id ?? 0,
    flags: RECURSION_AVAILABLE,
    questions: packet.questions ?? [],
    answers: [],
    ...changes,
  });
}

describe("makeQuery()", () => {
  test("asks for recursion, with EDNS of 1232 octets", () => {
    const packet = decode(Buffer.from(make(1).bytes));
    expect(packet).toMatchObject({ type: "query", flag_rd: true });
    expect(packet.questions).toMatchObject([{ type: "MX", class: "IN" }]);
    expect(packet.additionals).toMatchObject([{ type: "OPT", udpPayloadSize: 1_232 }]);
    expect(decode(Buffer.from(make(1, false).bytes)).additionals).toEqual([]);
  });

  test("is hard to guess: ids and cases differ", () => {
    const packets = Array.from({ length: 200 }, (_, i) => decode(Buffer.from(make(i).bytes)));
    expect(new Set(packets.map(({ id }) => id)).size).toBeGreaterThan(190);
    const names = packets.map(({ questions }) => questions?.[0]?.name ?? "");
    expect(new Set(names).size).toBeGreaterThan(190);
    expect(new Set(names.map((name) => name.toLowerCase()))).toEqual(new Set([question.name]));
  });
});

describe("isResponseTo()", () => {
  const query = make(7);
  const id = decode(Buffer.from(query.bytes)).id ?? 0;
  const other = { name: "mail.example.org", type: "MX", class: "IN" };
  const lower = { ...question, class: "IN" };
  const cases: [string, Uint8Array, boolean][] = [
    ["its own response", respond(query), true],
    ["a response in other case", respond(query, { questions: [lower] }), true],
    ["another id", respond(query, { id: id ^ 1 }), false],
    ["another name", respond(query, { questions: [other] }), false],
    ["another type", respond(query, { questions: [{ ...lower, type: "A" }] }), false],
    [
      "a longer name",
      respond(query, { questions: [{ ...lower, name: "mail.example.com.x" }] }),
      false,
    ],
    ["two questions", respond(query, { questions: [lower, lower] }), false],
    ["no question", respond(query, { questions: [] }), false],
    ["an error without the question", respond(query, { questions: [], flags: 1 }), true],
    ["the query itself", query.bytes, false],
    ["half a header", respond(query).slice(0, 11), false],
    ["half a question", respond(query).slice(0, 20), false],
    ["nothing", new Uint8Array(0), false],
  ];
  test.each(cases)("%s", (_, bytes, isResponse) => {
    expect(isResponseTo(query, bytes)).toBe(isResponse);
  });
});

describe("readResponse()", () => {
  const query = make(9);

  test("joins both parts of the response code", () => {
    const opt: Answer = {
      type: "OPT",
      name: ".",
      udpPayloadSize: 512,
      extendedRcode: 1,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    };
    const reading = readResponse(query, respond(query, { additionals: [opt] }));
    expect(reading).toMatchObject({ kind: "response", response: { code: 16 } });
  });

  test("tells what came in other case, cut, or broken", () => {
    const lower = respond(query, { questions: [{ ...question, class: "IN" }] });
    expect(readResponse(query, lower)).toEqual({ kind: "otherCase" });
    const broken = respond(query);
    broken[7] = 3;
    expect(readResponse(query, broken)).toEqual({ kind: "malformed" });
    broken[2] = (broken[2] ?? 0) | 2;
    expect(readResponse(query, broken)).toEqual({ kind: "truncated" });
  });
});
