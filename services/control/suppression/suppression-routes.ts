/** `/v1/suppressions`: whom nothing is sent to, and what an operator does about it. */
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Clock } from "#lib/clock";
import type { OperatorsPorts } from "#lib/role/control-ports";
import { suppressionsInCallMax } from "#lib/store/suppression-list";
import {
  byHand,
  type Suppression,
  type SuppressionId,
  suppressingIds,
} from "#lib/suppression/suppression";
import type { Log } from "#lib/telemetry/log";
import { adminRequest } from "#proto/admin";
import { addressOf, suppression, suppressionEntry, suppressionId } from "#proto/suppression";
import { CommandEvents } from "../events/command-events.ts";
import { limit } from "../parameters.ts";
import { checked, Problem } from "../problem.ts";
import { recordsOf } from "../queue.ts";

export interface SuppressionPorts extends OperatorsPorts {
  readonly clock: Clock;
  readonly log: Log;
}

/** More at once are part of an import: workers look for them by themselves. */
const toldMax = 100;

const tenant = z.string().min(1);
const listQuery = z.object({
  tenant: tenant.exactOptional(),
  after: z.string().exactOptional(),
  limit,
});
/** `any`: for everybody and for each tenant. */
const scopeQuery = z.looseObject({ scope: z.literal("any").exactOptional() });
const entries = <T>(entry: z.ZodType<T>) =>
  z.strictObject({ entries: z.array(entry).min(1).max(suppressionsInCallMax) });
const found = z.object({ entries: z.array(suppression) });

export function suppressionRoutes(ports: SuppressionPorts): Hono {
  const routes = new Hono();
  const records = () => recordsOf(ports);
  const events = new CommandEvents(ports);
  routes.get("/", async (c) => {
    return c.json(await records().suppressions(checked(listQuery, c.req.query())));
  });
  routes.get("/:address", async (c) => {
    const { scope, ...query } = checked(scopeQuery, c.req.query());
    const id = checked(suppressionId, { address: c.req.param("address"), ...query });
    if (scope === "any") return c.json(await records().suppressionsOf(id));
    return c.json(await records().findSuppressions(suppressingIds(id)));
  });
  routes.post("/", async (c) => {
    const written = checked(entries(suppressionEntry), await bodyOf(c));
    const common = { at: ports.clock.now(), reason: byHand };
    const put = onceEach(written.entries.map((entry): Suppression => ({ ...common, ...entry })));
    await records().putSuppressions(put);
    if (put.length <= toldMax) await tellWorkers(ports);
    ports.log.info("operator_command", { verb: "suppression.put", entries: put.length });
    tellEntries(events, "suppression.put", put);
    return c.json({ put: put.length });
  });
  routes.post("/lift", async (c) => {
    const ids = onceEach(checked(entries(suppressionId), await bodyOf(c)).entries);
    const there = checked(found, await records().findSuppressions(ids)).entries;
    await records().liftSuppressions(ids);
    const lifted = there.length;
    ports.log.info("operator_command", { verb: "suppression.lift", entries: lifted });
    tellEntries(events, "suppression.lift", there);
    return c.json({ lifted });
  });
  return routes;
}

/** One for each address; of an import one for each call, or it would crowd out all others. */
function tellEntries(
  events: CommandEvents,
  verb: "suppression.put" | "suppression.lift",
  entries: readonly Suppression[],
): void {
  if (entries.length > toldMax) return events.tell(verb, { entries: entries.length });
  for (const { key, tenant, reason, expiresAt } of entries) {
    const ofTenant = tenant === undefined ? {} : { tenant };
    events.tell(verb, { recipient: addressOf(key), reason, until: expiresAt, ...ofTenant });
  }
}

/** They would see it within seconds by themselves; who does not answer will. */
async function tellWorkers({ bus, log }: SuppressionPorts): Promise<void> {
  try {
    await bus.askAll(adminRequest("suppressions.look", {}));
  } catch (error) {
    log.warn("workers_not_told", { error: String(error) });
  }
}

/** The last one of the same address and tenant. */
function onceEach<Id extends SuppressionId>(ids: readonly Id[]): readonly Id[] {
  return [...new Map(ids.map((id) => [`${id.tenant ?? ""} ${id.key}`, id])).values()];
}

async function bodyOf(context: Context): Promise<unknown> {
  try {
    return await context.req.json();
  } catch {
    throw new Problem(400, "the body is no JSON");
  }
}
