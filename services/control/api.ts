/** The operators' HTTP API: health and metrics for everybody, the queue for who has the token. */
import { Hono } from "hono";
import { StoreUnavailable } from "#lib/store/store";
import { prometheusContentType } from "#lib/telemetry/metrics";
import type { ControlPorts } from "./ports.ts";
import { answerProblem, Problem } from "./problem.ts";
import { Queue } from "./queue.ts";
import { queueRoutes } from "./queue-routes.ts";
import { recordRoutes } from "./record-routes.ts";
import { isSameToken } from "./token.ts";

export function controlApi(ports: ControlPorts): Hono {
  const api = new Hono();
  api.get("/livez", (c) => c.text("ok\n"));
  api.get("/readyz", (c) => {
    const reasons = ports.unreadiness();
    if (reasons.length === 0) return c.text("ok\n");
    return c.text(`${reasons.join("\n")}\n`, 503);
  });
  api.get("/metrics", async (c) => {
    return c.body(await ports.metrics.render(), 200, { "content-type": prometheusContentType });
  });
  api.use("/v1/*", async (c, next) => {
    const [scheme, shown] = (c.req.header("authorization") ?? "").split(" ");
    const isBearer = scheme?.toLowerCase() === "bearer" && shown !== undefined;
    if (isBearer && isSameToken(shown, ports.token)) return next();
    c.header("www-authenticate", "Bearer");
    return answerProblem(c, 401, "the token is missing or wrong");
  });
  api.route("/v1/queue", queueRoutes(new Queue(ports), ports.clock));
  api.route("/v1", recordRoutes(ports));
  api.notFound((c) => answerProblem(c, 404, `there is no ${c.req.path} here`));
  api.onError((error, c) => {
    if (error instanceof Problem) return answerProblem(c, error.status, error.message);
    ports.log.error("control_request_failed", { method: c.req.method, path: c.req.path, error });
    if (error instanceof StoreUnavailable) return answerProblem(c, 503, "the store is away");
    return answerProblem(c, 500, "internal error: the log has it");
  });
  return api;
}
