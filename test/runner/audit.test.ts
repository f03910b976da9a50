import { expect, test } from "bun:test";
import { auditCase } from "./audit.ts";
import { asInCi } from "./report.ts";

const via = [{ title: "Prototype pollution", url: "https://example.org/1" }];
const reported = (vulnerabilities: object) =>
  JSON.stringify({ auditReportVersion: 2, vulnerabilities, metadata: {} });

test("nothing found is passed, and so is what is not serious", () => {
  expect(auditCase(reported({})).result.kind).toBe("passed");
  const low = { yaml: { name: "yaml", severity: "moderate", via, range: "<2" } };
  expect(auditCase(reported(low)).result.kind).toBe("passed");
});

test("what is serious fails, and says what it is", () => {
  const { result } = auditCase(
    reported({
      yaml: { severity: "high", via, range: "<2.2.2" },
      hono: { severity: "critical", via: ["yaml"], range: "*" },
    }),
  );
  expect(result).toEqual({
    kind: "failed",
    message: "yaml <2.2.2: high: Prototype pollution\nhono *: critical: by way of yaml",
  });
});

test.each([
  ["says no", JSON.stringify({ message: "405 Method Not Allowed", error: {} })],
  ["says something else", "<html></html>"],
  ["says nothing", ""],
  ["does not answer in time", undefined],
])("a registry that %s holds up nobody, in CI neither", (_, output) => {
  const { result } = asInCi(auditCase(output));
  expect(result).toMatchObject({ kind: "skipped", reason: expect.stringContaining("registry") });
});
