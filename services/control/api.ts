/** The operators' HTTP API: health and metrics for everybody, the queue for who has the token. */
import { type Context, Hono } from "hono";
import { NobodyAnswers } from "#lib/leases/bus";
import type { ControlPorts, OperatorsPorts } from "#lib/role/control-ports";
import { StoreUnavailable } from "#lib/store/store";
import { metricsContentTypes } from "#lib/telemetry/metrics";
import { clusterRoutes } from "./cluster-routes.ts";
import { answerProblem, Problem } from "./problem.ts";
import { Queue } from "./queue.ts";
import { queueRoutes } from "./queue-routes.ts";
import { bounceRoutes } from "./records/bounce-routes.ts";
import { recordRoutes } from "./records/record-routes.ts";
import { measureRoutes } from "./shaping/measure-routes.ts";
import { ShapingMeasures } from "./shaping/measures.ts";
import { suppressionRoutes } from "./suppression/suppression-routes.ts";
import { isSameToken } from "./token.ts";

export interface ApiPorts extends ControlPorts {
  /** What operators must show; undefined: nobody knows it here yet. */
  readonly token: () => Promise<string | undefined>;
}

export function controlApi(ports: ApiPorts): Hono {
  const api = new Hono();
  const operators = operatorsApi(ports);
  api.get("/livez", (c) => c.text("ok\n"));
  api.get("/readyz", (c) => {
    const reasons = ports.reasons();
    const ready = !reasons.some(({ isBlocking }) => isBlocking);
    return c.json({ ready, reasons }, ready ? 200 : 503);
  });
  api.get("/metrics", async (c) => {
    const isOpen = /\bapplication\/openmetrics-text\b/.test(c.req.header("accept") ?? "");
    const format = isOpen ? "openMetrics" : "prometheus";
    const contentType = metricsContentTypes[format];
    return c.body(await ports.metrics.render(format), 200, { "content-type": contentType });
  });
  api.use("/v1/*", async (c, next) => refused(c, await ports.token()) ?? next());
  api.all("/v1/*", (c) => operators(c));
  api.notFound((c) => answerProblem(c, 404, `there is no ${c.req.path} here`));
  return api;
}

function refused(c: Context, token: string | undefined): Response | undefined {
  if (token === undefined) {
    const hint = "give control.token, or the control.tokenFile of a control node";
    return answerProblem(c, 503, `this node knows no token for operators: ${hint}`);
  }
  const [scheme, shown] = (c.req.header("authorization") ?? "").split(" ");
  const isBearer = scheme?.toLowerCase() === "bearer" && shown !== undefined;
  if (isBearer && isSameToken(shown, token)) return undefined;
  c.header("www-authenticate", "Bearer");
  return answerProblem(c, 401, "the token is missing or wrong");
}

/** Made when what it stands on is there, and again when there is more. */
function operatorsApi(ports: ApiPorts): (c: Context) => Response | Promise<Response> {
  let made: { readonly of: OperatorsPorts; readonly routes: Hono } | undefined;
  return (c) => {
    const operators = ports.operators();
    if (operators === undefined) {
      const reasons = ports.reasons().map(({ part, reason }) => `${part}: ${reason}`);
      return answerProblem(c, 503, ["this node is not ready", ...reasons].join("; "));
    }
    if (made?.of !== operators) made = { of: operators, routes: operatorsRoutes(operators, ports) };
    return made.routes.fetch(c.req.raw);
  };
}

function operatorsRoutes(operators: OperatorsPorts, { clock, log }: ControlPorts): Hono {
  const routes = new Hono();
  routes.route("/v1/queue", queueRoutes(new Queue({ ...operators, log, clock }), clock));
  const measures = new ShapingMeasures({ ...operators, log, clock });
  routes.route("/v1/measures", measureRoutes(measures));
  routes.route("/v1/cluster", clusterRoutes({ ...operators, log }));
  routes.route("/v1/suppressions", suppressionRoutes({ ...operators, clock, log }));
  routes.route("/v1/bounces", bounceRoutes(operators));
  routes.route("/v1", recordRoutes(operators));
  routes.notFound((c) => answerProblem(c, 404, `there is no ${c.req.path} here`));
  routes.onError((error, c) => {
    if (error instanceof Problem) return answerProblem(c, error.status, error.message);
    log.error("control_request_failed", { method: c.req.method, path: c.req.path, error });
    if (error instanceof NobodyAnswers) return answerProblem(c, 503, "no worker answers");
    if (error instanceof StoreUnavailable) return answerProblem(c, 503, "the store is away");
    return answerProblem(c, 500, "internal error: the log has it");
  });
  return routes;
}
