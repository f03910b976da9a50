/** `/v1/measures`: what rules on replies have set, and how an operator ends it. */
import { Hono } from "hono";
import { z } from "zod";
import { checked, Problem } from "../problem.ts";
import type { ShapingMeasures } from "./measures.ts";

const cancelBody = z.union([
  z.strictObject({ id: z.string().min(1).max(64) }),
  z.strictObject({ all: z.literal(true) }),
]);

export function measureRoutes(measures: ShapingMeasures): Hono {
  const routes = new Hono();
  routes.get("/", async (c) => c.json(await measures.list()));
  routes.post("/cancel", async (c) => {
    let body: unknown;
    try {
      body = await c.req.json();
    } catch {
      throw new Problem(400, "the body is no JSON");
    }
    return c.json(await measures.cancel(checked(cancelBody, body)));
  });
  return routes;
}
