/** How many bounces there were, by day and class, of all, a destination, a tenant, a campaign. */
import type { Destination, Time } from "#lib/queue/unit";
import type { Bounce } from "./bounce.ts";
import type { BounceClass } from "./bounce-class.ts";

/** Of one dimension: a destination, a tenant, a campaign (of a tenant, or of whomever), or all. */
export interface BounceCountQuery {
  readonly destination?: Destination;
  readonly tenant?: string;
  readonly campaign?: string;
  readonly class?: BounceClass;
  readonly since?: Time;
  readonly until?: Time;
}

export interface BounceCount {
  /** Its first moment, in UTC. */
  readonly day: Time;
  readonly class: BounceClass;
  readonly count: number;
}

export const dayMs = 86_400_000;

export function dayOf(at: Time): number {
  return Math.floor(at / dayMs);
}

/** What a count is of. */
export interface CountScope {
  readonly scope: "all" | "destination" | "tenant" | "campaign" | "tenantCampaign";
  readonly name: string;
}

/** Every scope that a bounce counts in. */
export function scopesOf({ destination, tenant, campaign }: Bounce): readonly CountScope[] {
  const scopes: CountScope[] = [
    { scope: "all", name: "" },
    { scope: "destination", name: destination },
  ];
  if (tenant !== undefined) scopes.push({ scope: "tenant", name: tenant });
  if (campaign !== undefined) scopes.push({ scope: "campaign", name: campaign });
  if (tenant !== undefined && campaign !== undefined) scopes.push(campaignOf(tenant, campaign));
  return scopes;
}

/** The one that is asked for; undefined for what is not counted: a destination's of one tenant. */
export function askedScope(asked: BounceCountQuery): CountScope | undefined {
  const { destination, tenant, campaign } = asked;
  if (destination !== undefined) {
    if (tenant !== undefined || campaign !== undefined) return undefined;
    return { scope: "destination", name: destination };
  }
  if (campaign !== undefined) {
    return tenant === undefined
      ? { scope: "campaign", name: campaign }
      : campaignOf(tenant, campaign);
  }
  return tenant === undefined ? { scope: "all", name: "" } : { scope: "tenant", name: tenant };
}

/** Neither has a line feed in it. */
function campaignOf(tenant: string, campaign: string): CountScope {
  return { scope: "tenantCampaign", name: `${tenant}\n${campaign}` };
}

/** Days are counted whole: those that the span touches. `last` is within it. */
export function daysOf({ since, until }: { readonly since?: Time; readonly until?: Time }): {
  readonly first: number;
  readonly last: number;
} {
  return {
    first: since === undefined ? 0 : dayOf(since),
    last: until === undefined ? lastDay : dayOf(Math.max(0, until - 1)),
  };
}

/** Far away, and a 32-bit integer. */
const lastDay = 2_000_000_000;

/** Adds up what several writers counted. By day, then class. */
export function summed(
  rows: Iterable<{ readonly day: number; readonly class: BounceClass; readonly count: number }>,
): readonly BounceCount[] {
  const sums = new Map<string, { day: Time; class: BounceClass; count: number }>();
  for (const { day, class: of, count } of rows) {
    const sum = sums.get(`${day} ${of}`);
    if (sum === undefined) sums.set(`${day} ${of}`, { day: day * dayMs, class: of, count });
    else sum.count += count;
  }
  return [...sums.values()].sort((a, b) => a.day - b.day || (a.class < b.class ? -1 : 1));
}
