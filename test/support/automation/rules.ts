/** Rules as a file writes them, replies as a log has them, and measures. */
import type { Measure } from "#lib/automation/measure";
import type { Rule } from "#lib/automation/rule";
import { readRules } from "#lib/automation/rules-file";
import { faultLine } from "#lib/config/fault";
import { ReplyReader } from "#lib/smtp/client/reply-reader";
import type { Reply } from "#lib/smtp/reply";

/** The items of `automation:`, as YAML or JSON. */
export function rulesFrom(items: string, under: readonly Rule[] = []): readonly Rule[] {
  const read = readRules(`automation:\n${items}\n`, "shaping.yaml", under);
  if ("rules" in read) return read.rules;
  throw new Error(read.faults.map((fault) => faultLine("shaping.yaml", fault)).join("\n"));
}

/** What is wrong with them, as an operator sees it. */
export function faultsFrom(items: string, under: readonly Rule[] = []): readonly string[] {
  const read = readRules(`automation:\n${items}\n`, "shaping.yaml", under);
  return "rules" in read ? [] : read.faults.map((fault) => faultLine("shaping.yaml", fault));
}

export function replyOf(text: string): Reply {
  const reader = new ReplyReader();
  reader.push(new TextEncoder().encode(`${text}\r\n`));
  const read = reader.next();
  if (read?.kind === "reply") return read.reply;
  throw new Error(`"${text}" is no reply`);
}

const start = 1_795_000_000_000;

export function measureOf(overrides: Partial<Measure> = {}): Measure {
  return {
    id: "0123456789ab",
    rule: "slow-down",
    provenance: "shaping.yaml:2",
    effect: { kind: "hold" },
    scope: { provider: "google", source: "ip1" },
    since: start,
    renewedAt: start,
    until: start + 3_600_000,
    count: 3,
    sample: "421 4.7.28 unusual rate",
    by: "worker/1",
    ...overrides,
  };
}
