/** `/v1/cluster`: workers, shards, owners, epochs, lag, who waits for what, and what NATS lacks. */
import { Hono } from "hono";
import { clusterStatus, type StatusPorts } from "./cluster-status.ts";
import { type ReplicasPorts, replicasOf } from "./replicas.ts";
import { type SplitsPorts, splitsOf } from "./splits.ts";

export function clusterRoutes(ports: StatusPorts & SplitsPorts & ReplicasPorts): Hono {
  const routes = new Hono();
  routes.get("/", async (c) => {
    const parts = [clusterStatus(ports), splitsOf(ports), replicasOf(ports)] as const;
    const [status, splits, replicas] = await Promise.all(parts);
    return c.json({ ...status, ...splits, ...replicas });
  });
  return routes;
}
