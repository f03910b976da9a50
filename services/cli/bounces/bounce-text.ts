/** Bounces as a person reads them. */
import type { ShownBounce } from "#lib/bounces/bounce-csv";
import { timeText } from "../duration.ts";
import { replyText } from "../operator/queue-text.ts";
import { fields, table } from "../table.ts";

/** A row a bounce. */
export function bounceListText(bounces: readonly ShownBounce[]): string {
  const rows = bounces.map(({ at, class: of, recipient, uid, ...reply }) => [
    timeText(at),
    of,
    `<${recipient.path}>`,
    uid,
    replyText(reply),
  ]);
  return table(["TIME (UTC)", "CLASS", "RECIPIENT", "UNIT", "REPLY"], rows);
}

/** Everything about one. */
export function bounceText(bounce: ShownBounce): string {
  return fields([
    ["Recipient", `<${bounce.recipient.path}>`],
    ["Time", `${timeText(bounce.at)} UTC`],
    ["Class", `${bounce.class} (${ruleText(bounce)})`],
    ["Reply", replyText(bounce)],
    ["Host", bounce.remote],
    ["Source", bounce.source],
    ["From", `<${bounce.reversePath}>`],
    ["Tenant", bounce.tenant],
    ["Campaign", bounce.campaign],
    ["Unit", bounce.uid],
    ["Attempts", String(bounce.attempt)],
  ]);
}

function ruleText({ rule, kind }: ShownBounce): string {
  if (rule === "kind") return `it ${kind === "expired" ? "expired" : "was not tried"}`;
  if (rule === "none") return "no rule knows it";
  return /^(status|code) /.test(rule) ? `by its ${rule}` : `by the rule ${rule}`;
}

interface ShownCount {
  readonly day: number;
  readonly class: string;
  readonly count: number;
}

/** A row a day, a column a class that there is. */
export function countsText(counts: readonly ShownCount[]): string {
  const classes = [...new Set(counts.map((it) => it.class))].sort();
  const days = [...Map.groupBy(counts, ({ day }) => day)].sort(([a], [b]) => a - b);
  const row = (name: string, of: readonly ShownCount[]) => [
    name,
    ...classes.map((it) => countText(of.filter((count) => count.class === it))),
    countText(of),
  ];
  const rows = days.map(([day, of]) => row(timeText(day).slice(0, 10), of));
  const total = days.length > 1 ? [row("all", counts)] : [];
  return table(["DAY", ...classes.map((it) => it.toUpperCase()), "ALL"], [...rows, ...total]);
}

function countText(counts: readonly ShownCount[]): string {
  const sum = counts.reduce((total, { count }) => total + count, 0);
  return sum === 0 ? "" : String(sum);
}

interface ShownText {
  readonly text: string;
  readonly count: number;
  readonly lastAt: number;
}

export function unknownText(texts: readonly ShownText[]): string {
  const rows = texts.map(({ text, count, lastAt }) => [String(count), timeText(lastAt), text]);
  return table(["COUNT", "LAST (UTC)", "TEXT"], rows);
}
