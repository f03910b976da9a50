/** Answers that are none: what a client did wrong, or what is not there. */
import type { Context } from "hono";
import type { z } from "zod";

/** Thrown by a route, told to the client as it is. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: ProblemStatus;

  constructor(status: ProblemStatus, message: string) {
    super(message);
    this.status = status;
  }
}

export type ProblemStatus = 400 | 401 | 404 | 500 | 503;

export function answerProblem(context: Context, status: ProblemStatus, message: string): Response {
  return context.json({ error: message }, status);
}

/** The value as `schema` has it, or a 400 that names each wrong field. */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
  throw new Problem(400, faults.join("; "));
}
