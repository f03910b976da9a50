import { describe, expect, test } from "bun:test";
import { type ControlFields, parseControlFields } from "./control-fields.ts";
import { summarizeHeader } from "./header-section.ts";

function parsed(header: string) {
  const content = new TextEncoder().encode(`From: a\r\n${header}\r\nX-Godwit-Tenant: body\r\n`);
  return parseControlFields(content, summarizeHeader(content).controlFields);
}

describe("parseControlFields()", () => {
  test.each<[string, string, ControlFields]>([
    ["nothing", "Subject: x\r\n", {}],
    [
      "everything",
      "X-Godwit-Tenant: acme\r\nX-Godwit-Campaign: spring.2026\r\nX-Godwit-Pool: warm-1\r\n" +
        "X-Godwit-Priority: high\r\n",
      { tenant: "acme", campaign: "spring.2026", pool: "warm-1", priority: "high" },
    ],
    ["names and priorities in any case", "x-GODWIT-priority:HIGH\r\n", { priority: "high" }],
    ["a priority that changes nothing", "X-Godwit-Priority: normal\r\n", { priority: "normal" }],
    ["a folded body", "X-Godwit-Campaign:\r\n\t spring\r\n", { campaign: "spring" }],
    ["a blank before the colon", "X-Godwit-Pool : warm\r\n", { pool: "warm" }],
    ["64 characters", `X-Godwit-Campaign: ${"c".repeat(64)}\r\n`, { campaign: "c".repeat(64) }],
    ["labels that keep their case", "X-Godwit-Tenant: Acme\r\n", { tenant: "Acme" }],
  ])("reads %s", (_, header, fields) => {
    expect(parsed(header)).toEqual({ ok: true, fields });
  });

  const labelForm =
    "must be 1 to 64 letters, digits and any of _ . @ -, beginning with a letter or digit";
  test.each([
    ["65 characters", `X-Godwit-Campaign: ${"c".repeat(65)}\r\n`, `Campaign ${labelForm}`],
    ["an empty body", "X-Godwit-Tenant:\r\n", `Tenant ${labelForm}`],
    ["a blank within", "X-Godwit-Pool: a b\r\n", `Pool ${labelForm}`],
    ["a body folded within a word", "X-Godwit-Pool: a\r\n b\r\n", `Pool ${labelForm}`],
    ["what begins with a dot", "X-Godwit-Pool: .a\r\n", `Pool ${labelForm}`],
    ["what is not ASCII", "X-Godwit-Tenant: Müller\r\n", `Tenant ${labelForm}`],
    ["a control character", "X-Godwit-Tenant: a\u0000\r\n", `Tenant ${labelForm}`],
    ["another priority", "X-Godwit-Priority: urgent\r\n", "Priority must be high or normal"],
    [
      "a repeated field",
      "X-Godwit-Tenant: a\r\nx-godwit-tenant: a\r\n",
      "Tenant stands there twice",
    ],
  ])("refuses %s", (_, header, fault) => {
    expect(parsed(header)).toEqual({ ok: false, fault: `X-Godwit-${fault}` });
  });

  test.each(["X-Godwit-Campain", "X-Godwit-", "X-Godwit-Tenants"])("refuses %s", (name) => {
    const fault =
      "unknown field, there are " +
      "X-Godwit-Tenant, X-Godwit-Campaign, X-Godwit-Pool, X-Godwit-Priority";
    expect(parsed(`${name}: a\r\n`)).toEqual({ ok: false, fault });
  });

  test("takes no notice of a name that only looks like one", () => {
    expect(parsed("X-Godwi: a\r\nX-Godwit: b\r\nMy-X-Godwit-Tenant: c\r\n")).toEqual({
      ok: true,
      fields: {},
    });
  });
});
