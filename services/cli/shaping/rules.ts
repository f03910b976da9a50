/** Rules on replies as a person reads them, and which of them a reply matches. */
import { exampleReply } from "#lib/automation/example-reply";
import type { Action, Rule } from "#lib/automation/rule";
import { RuleBook } from "#lib/automation/rule-book";
import { limitText } from "#lib/limits/limit-text";
import { spanText } from "../duration.ts";
import { CommandFailed } from "../io.ts";
import { table } from "../table.ts";

export interface ReplyOptions {
  readonly reply?: string;
  readonly provider?: string;
  readonly destination?: string;
}

/** All, or those that are on and match the reply. @throws {CommandFailed} */
export function rulesFor(rules: readonly Rule[], options: ReplyOptions): readonly Rule[] {
  const { reply: text, provider, destination } = options;
  if (text === undefined) return rules;
  const reply = exampleReply(text);
  if (!reply.ok) throw new CommandFailed(`--reply: ${reply.message} (${reply.hint ?? ""})`, 2);
  const subject = {
    ...(provider === undefined ? {} : { provider }),
    ...(destination === undefined ? {} : { destination: destination.toLowerCase() }),
  };
  return new RuleBook(rules).matching({ subject, reply: reply.value });
}

export function rulesText(rules: readonly Rule[]): string {
  const rows = rules.map((rule) => [
    rule.name,
    rule.isOff ? "off" : "on",
    triggerText(rule),
    rule.provenance,
    rule.actions.map(actionText).join("; "),
  ]);
  return table(["RULE", "IS", "AFTER", "SAID AT", "THEN"], rows);
}

/** Without what only the program needs. */
export function plainRule({ when, actions, trigger, ...rest }: Rule) {
  const { patterns, codes, statuses, ...whom } = when;
  return {
    ...rest,
    when: {
      ...whom,
      ...(codes === undefined ? {} : { codes: codes.map(codeText) }),
      ...(statuses === undefined ? {} : { statuses: statuses.map(statusText) }),
      ...(patterns === undefined ? {} : { reply: patterns.map(({ source }) => source) }),
    },
    ...(trigger === undefined ? {} : { trigger }),
    actions,
  };
}

function triggerText({ trigger }: Rule): string {
  return trigger === undefined ? "1" : `${trigger.count} in ${spanText(trigger.windowMs)}`;
}

/** 42 is `42x`. */
function codeText(code: number): string {
  return String(code).padEnd(3, "x");
}

function statusText(status: string): string {
  return status.endsWith(".") ? `${status}*` : status;
}

/** `messages 10/min per provider, source for 30m` */
function actionText({ effect, scope, durationMs }: Action): string {
  const what =
    effect.kind === "limit" ? `${effect.limit.kind} ${limitText(effect.limit)}` : effect.kind;
  const whom = scope.length === 0 ? "" : ` per ${scope.join(", ")}`;
  return durationMs === 0 ? what : `${what}${whom} for ${spanText(durationMs)}`;
}
