/** Whose mail a submission is and what it belongs to: from the user, and from what it says itself. */
import { type ControlFields, parseControlFields } from "#lib/message/control-fields";
import type { FieldRange } from "#lib/message/header-section";
import type { Unit } from "#lib/queue/unit";
import { type PermanentReply, reply } from "#lib/smtp/reply";
import type { ListenerConfig, UserConfig } from "../config.ts";

export interface Submitter {
  readonly listener: Pick<ListenerConfig, "kind" | "mayActAs">;
  /** Without it: a trusted host. */
  readonly user?: SubmittingUser;
  /** What it says beside its header section, where the protocol has a place for that. */
  readonly said?: ControlFields;
  /** Names of egress pools, where they are known. */
  readonly pools?: readonly string[];
}

/** Whose submission it is: a user's, or that of who has a token. */
export type SubmittingUser = Pick<UserConfig, "name" | "tenant" | "mayActAs">;
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
  { listener, user, pools, said }: Submitter,
): Labels | PermanentReply {
  if (listener.kind !== "submission") return unlabelled;
  const own = user?.tenant;
  if (controlFields.length === 0 && said === undefined) {
    return own === undefined ? unlabelled : { ...unlabelled, tenant: own };
  }
  const parsed = parseControlFields(content, controlFields);
  if (!parsed.ok) return reply(550, "5.6.0", parsed.fault);
  const twice = Object.keys(parsed.fields).find((key) => key in (said ?? {}));
  if (twice !== undefined)
    return reply(550, "5.6.0", `${twice} is said here and in X-Godwit- fields, too`);
  const { tenant = own, priority, ...labels } = { ...parsed.fields, ...said };
  const allowed = user === undefined ? listener.mayActAs : (user.mayActAs ?? []);
  if (tenant !== undefined && tenant !== own && !isOneOf(allowed, tenant)) {
    const named = parsed.fields.tenant === undefined ? "tenant" : "X-Godwit-Tenant";
    return reply(550, "5.7.1", `${named}: you may not send as ${tenant}`);
  }
  // Another pool's addresses have another reputation: nobody must find that out by the bounces.
  if (labels.pool !== undefined && pools?.includes(labels.pool) === false) {
    const named = parsed.fields.pool === undefined ? "pool" : "X-Godwit-Pool";
    return reply(550, "5.6.0", `${named}: no pool ${labels.pool}, ${toldOf(pools)}`);
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
