import { describe, expect, test } from "bun:test";
import type { Answer as Rr } from "dns-packet";
import type { Response } from "./query.ts";
import { faultOf, statementOf } from "./response.ts";

const a = (name: string, data: string, ttl = 60): Rr => ({ type: "A", name, data, ttl });
const cname = (name: string, data: string, ttl = 60): Rr => ({ type: "CNAME", name, data, ttl });
const ns = (name: string): Rr => ({ type: "NS", name, data: "ns.example", ttl: 60 });
const soa = (name: string, ttl: number, minimum: number): Rr => {
  return { type: "SOA", name, ttl, data: { mname: "ns.example", rname: "h.example", minimum } };
};

function response(parts: Partial<Response>): Response {
  return {
    code: 0,
    isAuthoritative: false,
    offersRecursion: true,
    answers: [],
    authorities: [],
    ...parts,
  };
}

const readA = (record: Rr) => (record.type === "A" ? record.data : undefined);
const said = (parts: Partial<Response>) => statementOf(response(parts), "x.example", readA);

describe("statementOf()", () => {
  const cases: [string, Partial<Response>, object][] = [
    [
      "records, for the least of their times",
      { answers: [a("X.Example", "192.0.2.1", 90), a("x.example", "192.0.2.2", 30)] },
      { kind: "records", records: ["192.0.2.1", "192.0.2.2"], ttlMs: 30_000 },
    ],
    [
      "records of other names do not count",
      { answers: [a("y.example", "192.0.2.1"), a("x.example", "192.0.2.2")] },
      { kind: "records", records: ["192.0.2.2"], ttlMs: 60_000 },
    ],
    [
      "records of another class do not count",
      { answers: [{ type: "A", name: "x.example", data: "192.0.2.1", ttl: 9, class: "CH" }] },
      { kind: "failure", reason: "x.example: the answer tells of something else" },
    ],
    [
      "a chain in any order",
      {
        answers: [
          a("z.example", "192.0.2.1"),
          cname("y.example", "z.example"),
          cname("x.example", "y.example", 7),
        ],
      },
      { kind: "records", records: ["192.0.2.1"], ttlMs: 7_000 },
    ],
    [
      "a chain that leaves the response",
      { answers: [cname("x.example", "y.example", 7)] },
      { kind: "alias", target: "y.example", ttlMs: 7_000 },
    ],
    [
      "a chain to a name without records",
      { answers: [cname("x.example", "y.example", 7)], authorities: [soa("example", 60, 5)] },
      { kind: "none", ttlMs: 5_000 },
    ],
    [
      "a chain to a name elsewhere, with the SOA of here",
      { answers: [cname("x.example", "y.test", 7)], authorities: [soa("example", 60, 5)] },
      { kind: "alias", target: "y.test", ttlMs: 7_000 },
    ],
    [
      "a chain to a missing name (RFC 6604)",
      { code: 3, answers: [cname("x.example", "y.test", 7)], authorities: [soa("test", 60, 90)] },
      { kind: "nxdomain", ttlMs: 7_000 },
    ],
    [
      "no such name, for the lesser of the SOA's times",
      { code: 3, authorities: [soa("example", 20, 90)] },
      { kind: "nxdomain", ttlMs: 20_000 },
    ],
    ["no such name, without saying for how long", { code: 3 }, { kind: "nxdomain", ttlMs: 0 }],
    ["nothing at all is no data", {}, { kind: "none", ttlMs: 0 }],
    [
      "a TTL with the upper bit is zero (RFC 2181)",
      { answers: [a("x.example", "192.0.2.1", 2 ** 31)] },
      { kind: "records", records: ["192.0.2.1"], ttlMs: 0 },
    ],
    [
      "a circle",
      { answers: [cname("x.example", "y.example"), cname("y.example", "x.example")] },
      { kind: "failure", reason: "x.example has too many CNAMEs" },
    ],
  ];
  test.each(cases)("%s", (_, parts, expected) => {
    expect(said(parts)).toEqual(expected as never);
  });

  test("takes 256 records of a response and no more", () => {
    const answers = Array.from({ length: 4_000 }, (_, i) =>
      a("x.example", `10.0.${i >> 8}.${i & 255}`),
    );
    const statement = said({ answers });
    expect(statement.kind === "records" && statement.records.length).toBe(256);
  });
});

describe("faultOf()", () => {
  const cases: [string, Partial<Response>, string | undefined][] = [
    ["an answer", { answers: [a("x.example", "192.0.2.1")] }, undefined],
    [
      "an absence with its SOA",
      { authorities: [soa("example", 60, 60)], offersRecursion: false },
      undefined,
    ],
    ["no such name", { code: 3 }, undefined],
    ["SERVFAIL", { code: 2 }, "SERVFAIL"],
    ["REFUSED", { code: 5 }, "REFUSED"],
    ["an extended code", { code: 16 }, "response code 16"],
    ["a referral", { authorities: [ns("example")] }, "no recursion"],
    [
      "nothing, from a server that does not look further",
      { offersRecursion: false },
      "no recursion",
    ],
    [
      "nothing, from the server of the zone",
      { isAuthoritative: true, authorities: [ns("example")] },
      undefined,
    ],
  ];
  test.each(cases)("%s", (_, parts, fault) => {
    expect(faultOf(response(parts))).toBe(fault as never);
  });
});
