/** What was recorded: events of a message, what could not be read, and holds. */
import { Hono } from "hono";
import { z } from "zod";
import type { OperatorsPorts } from "#lib/role/control-ports";
import { limit, messageId } from "../parameters.ts";
import { checked } from "../problem.ts";
import { recordsOf } from "../queue.ts";

const traceQuery = z.object({ limit });
const parkedQuery = z.object({ limit });

export function recordRoutes(ports: OperatorsPorts): Hono {
  const routes = new Hono();
  const records = () => recordsOf(ports);
  routes.get("/trace/:id", async (c) => {
    const id = checked(messageId, c.req.param("id"));
    const { limit: most } = checked(traceQuery, c.req.query());
    // A uid ends where the next begins; a queue id goes on with a dot.
    const events = await ports.journal.trace(id.includes(".") ? id : `${id}.`, most);
    return c.json({ events: events.filter(({ uid }) => uid === id || uid.startsWith(`${id}.`)) });
  });
  routes.get("/parked", async (c) => {
    return c.json({ parked: await records().parked(checked(parkedQuery, c.req.query()).limit) });
  });
  routes.get("/holds", async (c) => c.json({ holds: await records().holds() }));
  return routes;
}
