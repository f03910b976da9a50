/**
 * What `npm audit --json` says of what is shipped. A registry that cannot be asked, as without a
 * network, is no reason to fail: it is told, and the check goes on.
 */
import { z } from "zod";
import type { TestCase } from "./junit.ts";

const name = "known vulnerabilities of what is shipped";
const serious: ReadonlySet<string> = new Set(["high", "critical"]);

const report = z.object({
  auditReportVersion: z.number(),
  vulnerabilities: z.record(
    z.string(),
    z.object({
      severity: z.string(),
      range: z.string().default(""),
      via: z.array(z.union([z.string(), z.object({ title: z.string() })])).default([]),
    }),
  ),
});

/** `output` is of stdout; undefined: it took too long. */
export function auditCase(output: string | undefined): TestCase {
  const read = report.safeParse(output === undefined ? undefined : parsed(output));
  if (!read.success) {
    // Optional: it may be missing in CI, too.
    const reason = "optional audit of dependencies: the registry did not answer one";
    return { name, result: { kind: "skipped", reason } };
  }
  const found = Object.entries(read.data.vulnerabilities).filter(([, it]) => {
    return serious.has(it.severity);
  });
  if (found.length === 0) return { name, result: { kind: "passed" } };
  const lines = found.map(([dependency, { severity, range, via }]) => {
    const titles = via.map((it) => (typeof it === "string" ? `by way of ${it}` : it.title));
    return `${dependency} ${range}: ${severity}: ${titles.join("; ")}`;
  });
  return { name, result: { kind: "failed", message: lines.join("\n") } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
