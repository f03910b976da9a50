/** Bounces: found page by page, as JSON or CSV, and counted. */
import { Hono } from "hono";
import { z } from "zod";
import { bounceClasses } from "#lib/bounces/bounce-class";
import { askedScope } from "#lib/bounces/bounce-count";
import { bounceCsv } from "#lib/bounces/bounce-csv";
import { readCursor } from "#lib/bounces/bounce-query";
import { parseQueueId } from "#lib/queue/queue-id";
import type { OperatorsPorts } from "#lib/role/control-ports";
import { readBouncePage } from "#proto/bounces/bounce-page";
import { destination, limit, messageId, time } from "../parameters.ts";
import { checked, Problem } from "../problem.ts";
import { recordsOf } from "../queue.ts";

const name = z.string().min(1, "is empty").max(320, "is too long");
const cursor = z.string().refine((text) => readCursor(text) !== undefined, "is no cursor");
/** Of a unit's id, its message. */
const message = messageId.transform((id, context) => {
  const queueId = parseQueueId(id.split(".", 1)[0] ?? "");
  if (queueId !== undefined) return queueId;
  context.addIssue(`"${id}" is no queue id`);
  return z.NEVER;
});

const span = { since: time.exactOptional(), until: time.exactOptional() };
const counted = {
  ...span,
  destination: destination.exactOptional(),
  tenant: name.exactOptional(),
  campaign: name.exactOptional(),
  class: z.enum(bounceClasses).exactOptional(),
};
const found = z.strictObject({
  ...counted,
  recipient: name.exactOptional(),
  message: message.exactOptional(),
  cursor: cursor.exactOptional(),
  format: z.enum(["json", "csv"]).default("json"),
  limit,
});
const countsQuery = z.strictObject(counted);
const unknownQuery = z.strictObject({ ...span, limit });

export function bounceRoutes(ports: OperatorsPorts): Hono {
  const routes = new Hono();
  const records = () => recordsOf(ports);
  routes.get("/", async (c) => {
    const { cursor: after, message: queueId, format, ...rest } = checked(found, c.req.query());
    const page = await records().bounces({
      ...rest,
      ...(after === undefined ? {} : { after }),
      ...(queueId === undefined ? {} : { queueId }),
    });
    if (format === "json") return c.json(page);
    const { bounces, next } = readBouncePage(page);
    // A page after the first has no heading: pages are put one behind the other.
    const text = bounceCsv(bounces, { hasHeading: after === undefined });
    if (next !== undefined) c.header("godwit-next", next);
    return c.body(text, 200, { "content-type": "text/csv; charset=utf-8" });
  });
  routes.get("/counts", async (c) => {
    const query = checked(countsQuery, c.req.query());
    if (askedScope(query) === undefined) {
      throw new Problem(400, "counts are of a destination, or of a tenant and its campaigns");
    }
    return c.json({ counts: await records().countBounces(query) });
  });
  routes.get("/unknown", async (c) => {
    const texts = await records().unknownBounces(checked(unknownQuery, c.req.query()));
    return c.json({ texts });
  });
  return routes;
}
