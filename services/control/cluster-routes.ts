/** `/v1/cluster`: workers, shards, owners, epochs, lag, and who waits for what. */
import { Hono } from "hono";
import { clusterStatus, type StatusPorts } from "./cluster-status.ts";
import { type SplitsPorts, splitsOf } from "./splits.ts";

export function clusterRoutes(ports: StatusPorts & SplitsPorts): Hono {
  const routes = new Hono();
  routes.get("/", async (c) => {
    const [status, splits] = await Promise.all([clusterStatus(ports), splitsOf(ports)]);
    return c.json({ ...status, ...splits });
  });
  return routes;
}
