/** What the API does, as data: the document is made of it. */
import type { z } from "zod";
import type { ProblemStatus } from "../problem.ts";
import { acceptedAnswer } from "./answer-schema.ts";
import { messageRequest, rawQuery } from "./request-schema.ts";

export const messagesPath = "/v1/messages";
export const documentPath = "/v1/openapi.json";

export interface Operation {
  readonly method: "get" | "post";
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly needsToken: boolean;
  readonly request?: { readonly json: z.ZodType; readonly rawQuery: z.ZodType };
  readonly success: { readonly status: number; readonly says: string; readonly body?: z.ZodType };
  readonly problems: Readonly<Partial<Record<ProblemStatus, string>>>;
}

export const operations: readonly Operation[] = [
  {
    method: "post",
    path: messagesPath,
    operationId: "submitMessages",
    summary: "Takes a message for its recipients, or one for each of them.",
    needsToken: true,
    request: { json: messageRequest, rawQuery },
    success: {
      status: 202,
      says: "At least one recipient was accepted: its message is durable, and is delivered or told of.",
      body: acceptedAnswer,
    },
    problems: {
      400: "No JSON (line and column), or not of this form (each fault with its path).",
      401: "No token that is known.",
      403: "The token may not name this tenant.",
      405: "Another method.",
      409: "A request with this Idempotency-Key is running: repeat it after Retry-After.",
      413: "Larger than the listener takes.",
      415: "Another content type, or a content coding.",
      422: "Nobody was accepted; or the key was used for another request; or a template that cannot be read.",
      429: "This token has as many requests running as it may: repeat it after Retry-After.",
      500: "A fault of the server's; nothing is known of the message.",
      503: "The queue or the server is full, out of reach or stopping: repeat it after Retry-After.",
    },
  },
  {
    method: "get",
    path: documentPath,
    operationId: "describe",
    summary: "This document.",
    needsToken: false,
    success: { status: 200, says: "OpenAPI 3.1." },
    problems: {},
  },
];
