import { describe, expect, test } from "bun:test";
import type { ControlFields } from "#lib/message/control-fields";
import { summarizeHeader } from "#lib/message/header-section";
import type { UserConfig } from "../config.ts";
import { type Labels, labelsOf } from "./labels.ts";

const hash = { passwordHash: "" };
const plain: UserConfig = { ...hash, name: "plain" };
const alice: UserConfig = { ...hash, name: "alice", tenant: "acme" };
const agency: UserConfig = { ...hash, name: "agency", tenant: "own", mayActAs: ["acme", "blue"] };
const admin: UserConfig = { ...hash, name: "admin", mayActAs: ["*"] };

function labels(
  header: string,
  user?: UserConfig,
  listener: { kind?: "submission" | "inbound"; mayActAs?: readonly string[] } = {},
  pools?: readonly string[],
) {
  const content = new TextEncoder().encode(`From: a\r\n${header}\r\n`);
  return labelsOf(content, summarizeHeader(content).controlFields, {
    listener: { kind: "submission", mayActAs: ["*"], ...listener },
    ...(user === undefined ? {} : { user }),
    ...(pools === undefined ? {} : { pools }),
  });
}
const asTenant = (tenant: string) => `X-Godwit-Tenant: ${tenant}\r\n`;

describe("labelsOf()", () => {
  test.each<[string, string, UserConfig | undefined, Labels]>([
    ["a user's tenant without a field", "", alice, { lane: "n", tenant: "acme" }],
    ["a user's tenant named again", asTenant("acme"), alice, { lane: "n", tenant: "acme" }],
    ["a tenant that the user may act as", asTenant("blue"), agency, { lane: "n", tenant: "blue" }],
    ["any for whom it may be any", asTenant("acme"), admin, { lane: "n", tenant: "acme" }],
    ["none of a user without one", "", plain, { lane: "n" }],
    ["none of a trusted host", "", undefined, { lane: "n" }],
    ["a trusted host's word", asTenant("acme"), undefined, { lane: "n", tenant: "acme" }],
    [
      "campaign, pool and priority beside the user's tenant",
      "X-Godwit-Campaign: spring\r\nX-Godwit-Pool: warm\r\nX-Godwit-Priority: high\r\n",
      alice,
      { lane: "h", tenant: "acme", campaign: "spring", pool: "warm" },
    ],
    ["the usual lane", "X-Godwit-Priority: normal\r\n", plain, { lane: "n" }],
  ])("takes %s", (_, header, user, expected) => {
    expect(labels(header, user)).toEqual(expected);
  });

  test.each([
    ["another tenant than the user's", asTenant("blue"), alice],
    ["a tenant in another case", asTenant("Acme"), alice],
    ["a tenant of a user that has none", asTenant("acme"), plain],
    ["a tenant that is not among the allowed", asTenant("red"), agency],
  ])("refuses %s", (_, header, user) => {
    expect(labels(header, user)).toMatchObject({ code: 550, status: "5.7.1" });
  });

  test("takes what is said beside the header section, by the same rules", () => {
    const submitter = { listener: { kind: "submission", mayActAs: [] }, user: agency } as const;
    const said = (labels: ControlFields, header = "") => {
      const content = new TextEncoder().encode(`${header}\r\n`);
      const { controlFields } = summarizeHeader(content);
      return labelsOf(content, controlFields, { ...submitter, said: labels, pools: ["bulk"] });
    };
    expect(said({ tenant: "blue", priority: "high" })).toEqual({ lane: "h", tenant: "blue" });
    expect(said({ campaign: "spring" }, "X-Godwit-Pool: bulk\r\n")).toEqual({
      ...{ lane: "n", tenant: "own", campaign: "spring" },
      pool: "bulk",
    } as never);
    expect(said({ tenant: "red" })).toMatchObject({
      ...{ status: "5.7.1", lines: ["tenant: you may not send as red"] },
    });
    expect(said({ pool: "nope" })).toMatchObject({
      ...{ status: "5.6.0", lines: ["pool: no pool nope, there are bulk"] },
    });
    expect(said({ campaign: "a" }, "X-Godwit-Campaign: a\r\n")).toMatchObject({
      ...{ status: "5.6.0", lines: ["campaign is said here and in X-Godwit- fields, too"] },
    });
  });

  test("does not give a user what a trusted host may", () => {
    const listener = { mayActAs: ["acme"] };
    expect(labels(asTenant("acme"), undefined, listener)).toEqual({ lane: "n", tenant: "acme" });
    expect(labels(asTenant("acme"), plain, listener)).toMatchObject({ code: 550 });
    expect(labels(asTenant("blue"), undefined, listener)).toMatchObject({ code: 550 });
    expect(labels(asTenant("acme"), undefined, { mayActAs: [] })).toMatchObject({ code: 550 });
  });

  test("refuses a field that it cannot understand, saying why", () => {
    expect(labels("X-Godwit-Priority: urgent\r\n", alice)).toMatchObject({
      code: 550,
      status: "5.6.0",
      lines: ["X-Godwit-Priority must be high or normal"],
    });
  });

  const many = Array.from({ length: 7 }, (_, n) => `pool${n}`);
  test.each<[string, readonly string[], string]>([
    ["nope", ["bulk", "warm"], "no pool nope, there are bulk, warm"],
    ["Warm", ["bulk", "warm"], "no pool Warm, there are bulk, warm"],
    ["nope", [], "no pool nope, there are none"],
    ["nope", many, "no pool nope, there are pool0, pool1, pool2, pool3, pool4 and 2 more"],
  ])("refuses the pool %s where there are %p", (pool, pools, told) => {
    expect(labels(`X-Godwit-Pool: ${pool}\r\n`, alice, {}, pools)).toMatchObject({
      ...{ code: 550, status: "5.6.0", lines: [`X-Godwit-Pool: ${told}`] },
    });
  });

  test("takes a pool that is there, and any where they are not known", () => {
    const expected = { lane: "n", tenant: "acme", pool: "warm" };
    expect(labels("X-Godwit-Pool: warm\r\n", alice, {}, ["bulk", "warm"])).toEqual(
      expected as never,
    );
    expect(labels("X-Godwit-Pool: warm\r\n", alice)).toEqual(expected as never);
  });

  test("does not even look at what came in from elsewhere", () => {
    const header = `${asTenant("acme")}X-Godwit-Priority: high\r\nX-Godwit-Nonsense: 1\r\n`;
    expect(labels(header, undefined, { kind: "inbound" })).toEqual({ lane: "n" });
  });
});
