/** `/v1/cluster`: workers, shards, owners, epochs, lag, and who waits for what. */
import { Hono } from "hono";
import { clusterStatus, type StatusPorts } from "./cluster-status.ts";

export function clusterRoutes(ports: StatusPorts): Hono {
  const routes = new Hono();
  routes.get("/", async (c) => c.json(await clusterStatus(ports)));
  return routes;
}
