/**
 * What a run says at its end: failures, skips with their reasons, and the count as the last line.
 */
import type { TestCase } from "./junit.ts";

/**
 * In CI the servers are there: a test that misses one did not test. Those marked so may be missing.
 */
const missingThing = /missing|not installed|no such|not found|unavailable|cannot install/i;

export interface Report {
  readonly text: string;
  readonly exitCode: 0 | 1;
}

/** In CI a skip for want of a tool or server fails. */
export function asInCi(test: TestCase): TestCase {
  const { name, result } = test;
  if (result.kind !== "skipped" || /^optional\b/i.test(result.reason)) return test;
  if (!missingThing.test(result.reason)) return test;
  return { name, result: { kind: "failed", message: `skipped in CI: ${result.reason}` } };
}

export function reportOf(cases: readonly TestCase[]): Report {
  const failed = cases.filter(({ result }) => result.kind === "failed");
  const skipped = cases.filter(({ result }) => result.kind === "skipped");
  const passed = cases.length - failed.length - skipped.length;
  const lines = [...skipLines(skipped), ...failed.flatMap(failureLines)];
  if (passed + failed.length === 0) lines.push("Nothing was tested.");
  lines.push(`${passed} passed, ${failed.length} failed`);
  const isGood = failed.length === 0 && passed > 0;
  return { text: `${lines.join("\n")}\n`, exitCode: isGood ? 0 : 1 };
}

/** One line for each reason, however many tests it kept from running. */
function skipLines(skipped: readonly TestCase[]): string[] {
  const counts = new Map<string, number>();
  for (const { result } of skipped) {
    const reason = result.kind === "skipped" ? result.reason : "";
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `skipped ${count}: ${reason}`);
}

function failureLines({ name, result }: TestCase): string[] {
  const message = result.kind === "failed" ? result.message : "";
  return [`FAILED ${name}`, ...message.split("\n").map((line) => `    ${line}`)];
}
