/** What was recorded: events of a message, bounces, what could not be read, and holds. */
import { Hono } from "hono";
import { z } from "zod";
import type { OperatorsPorts } from "#lib/role/control-ports";
import { destination, limit, messageId, time } from "./parameters.ts";
import { checked, Problem } from "./problem.ts";
import { noStoreText } from "./queue.ts";

const traceQuery = z.object({ limit });
const bouncesQuery = z.object({
  destination: destination.exactOptional(),
  after: time.exactOptional(),
  limit,
});
const parkedQuery = z.object({ limit });

export function recordRoutes({ journal, store: ownStore }: OperatorsPorts): Hono {
  const routes = new Hono();
  const store = () => {
    if (ownStore === undefined) throw new Problem(503, noStoreText);
    return ownStore;
  };
  routes.get("/trace/:id", async (c) => {
    const id = checked(messageId, c.req.param("id"));
    const { limit: most } = checked(traceQuery, c.req.query());
    // A uid ends where the next begins; a queue id goes on with a dot.
    const events = await journal.trace(id.includes(".") ? id : `${id}.`, most);
    return c.json({ events: events.filter(({ uid }) => uid === id || uid.startsWith(`${id}.`)) });
  });
  routes.get("/bounces", async (c) => {
    return c.json({ bounces: await store().bounces(checked(bouncesQuery, c.req.query())) });
  });
  routes.get("/parked", async (c) => {
    const parked = await store().parked(checked(parkedQuery, c.req.query()).limit);
    const shown = parked.map(({ record, ...rest }) => ({
      ...rest,
      recordBase64: Buffer.from(record).toString("base64"),
    }));
    return c.json({ parked: shown });
  });
  routes.get("/holds", async (c) => c.json({ holds: await store().holds() }));
  return routes;
}
