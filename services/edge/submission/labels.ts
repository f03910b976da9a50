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
  /** Names of egress pools, where they are known. */
  readonly pools?: readonly string[];
}

export type Labels = Pick<Unit, "lane" | "tenant" | "campaign" | "pool">;

const unlabelled: Labels = { lane: "n" };
/** RFC 5321 §4.5.3.1.5: a reply's line has 512 octets. */
const toldPoolsMax = 5;

/**
 * Whoever gets to send content through a submission listener is a user or a trusted host: admission
 * saw to it. What comes in from elsewhere is not obeyed.
 */
export function labelsOf(
  content: Uint8Array,
  controlFields: readonly FieldRange[],
  { listener, user, pools }: Submitter,
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
  // Another pool's addresses have another reputation: nobody must find that out by the bounces.
  if (labels.pool !== undefined && pools?.includes(labels.pool) === false) {
    return reply(550, "5.6.0", `X-Godwit-Pool: no pool ${labels.pool}, ${toldOf(pools)}`);
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

function toldOf(pools: readonly string[]): string {
  if (pools.length === 0) return "there are none";
  const more = pools.length - toldPoolsMax;
  const named = pools.slice(0, toldPoolsMax).join(", ");
  return more > 0 ? `there are ${named} and ${more} more` : `there are ${named}`;
}
