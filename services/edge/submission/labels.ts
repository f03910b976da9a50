/** Whose mail a submission is and what it belongs to: from the user, and from what it says itself. */
import { parseControlFields } from "#lib/message/control-fields";
import type { FieldRange } from "#lib/message/header-section";
import type { Unit } from "#lib/queue/unit";
import { type PermanentReply, reply } from "#lib/smtp/reply";
import type { ListenerConfig, UserConfig } from "../config.ts";

export interface Submitter {
  readonly listener: Pick<ListenerConfig, "kind" | "mayActAs">;
  /** Without it: a trusted host. */
  readonly user?: UserConfig;
}

export type Labels = Pick<Unit, "lane" | "tenant" | "campaign" | "pool">;

const unlabelled: Labels = { lane: "n" };

/**
 * Whoever gets to send content through a submission listener is a user or a trusted host: admission
 * saw to it. What comes in from elsewhere is not obeyed.
 */
export function labelsOf(
  content: Uint8Array,
  controlFields: readonly FieldRange[],
  { listener, user }: Submitter,
): Labels | PermanentReply {
  if (listener.kind !== "submission") return unlabelled;
  const own = user?.tenant;
  if (controlFields.length === 0) {
    return own === undefined ? unlabelled : { ...unlabelled, tenant: own };
  }
  const parsed = parseControlFields(content, controlFields);
  if (!parsed.ok) return reply(550, "5.6.0", parsed.fault);
  const { tenant = own, priority, ...labels } = parsed.fields;
  const allowed = user === undefined ? listener.mayActAs : (user.mayActAs ?? []);
  if (tenant !== undefined && tenant !== own && !isOneOf(allowed, tenant)) {
    return reply(550, "5.7.1", `X-Godwit-Tenant: you may not send as ${tenant}`);
  }
  return {
    ...labels,
    lane: priority === "high" ? "h" : "n",
    ...(tenant === undefined ? undefined : { tenant }),
  };
}

function isOneOf(allowed: readonly string[], tenant: string): boolean {
  return allowed.includes("*") || allowed.includes(tenant);
}
