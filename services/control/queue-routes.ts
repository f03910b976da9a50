/** `/v1/queue`: what waits, why, and what an operator does about it. */
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Clock } from "#lib/clock";
import { destination, limit, messageId, position } from "./parameters.ts";
import { checked, Problem } from "./problem.ts";
import type { Queue } from "./queue.ts";

const listQuery = z.object({
  destination: destination.optional(),
  after: position.optional(),
  limit,
});
const summaryQuery = z.object({ destination: destination.optional() });

const one = z.strictObject({ id: messageId });
const all = z.strictObject({ destination });
const holdBody = z.strictObject({ destination, reason: z.string().max(200).default("") });

export function queueRoutes(queue: Queue, clock: Clock): Hono {
  const routes = new Hono();
  routes.get("/", async (c) => c.json(await queue.list(checked(listQuery, c.req.query()))));
  routes.get("/summary", async (c) => {
    return c.json(await queue.summary(checked(summaryQuery, c.req.query())));
  });
  routes.get("/:id", async (c) => {
    const id = checked(messageId, c.req.param("id"));
    const shown = await queue.show({ id });
    // Who did not answer may have it.
    if (shown.units.length === 0 && shown.unanswered === undefined) {
      throw new Problem(404, `nothing of ${id} is in the queue`);
    }
    return c.json(shown);
  });
  routes.get("/:id/explain", async (c) => {
    return c.json(await queue.explain({ id: checked(messageId, c.req.param("id")) }));
  });
  routes.post("/retry", async (c) => c.json(await queue.retry(selectionOf(await bodyOf(c)))));
  routes.post("/cancel", async (c) => c.json(await queue.cancel(selectionOf(await bodyOf(c)))));
  routes.post("/hold", async (c) => {
    const { destination: held, reason } = checked(holdBody, await destinationOnly(c));
    return c.json(await queue.hold({ destination: held, reason, since: clock.now() }));
  });
  routes.post("/release", async (c) => {
    return c.json(await queue.release(checked(all, await destinationOnly(c))));
  });
  return routes;
}

function selectionOf(body: unknown): z.output<typeof one> | z.output<typeof all> {
  const isOne = typeof body === "object" && body !== null && "id" in body;
  return isOne ? checked(one, body) : checked(all, body);
}

async function destinationOnly(context: Context): Promise<unknown> {
  const body = await bodyOf(context);
  if (typeof body !== "object" || body === null || !("id" in body)) return body;
  throw new Problem(400, "only a destination is held and released, not a message");
}

async function bodyOf(context: Context): Promise<unknown> {
  try {
    return await context.req.json();
  } catch {
    throw new Problem(400, "the body is no JSON");
  }
}
