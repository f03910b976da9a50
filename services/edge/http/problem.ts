/** Answers that are none: what a client did wrong, or what cannot be done now (RFC 9457). */
import type { ProblemAnswer } from "./description/answer-schema.ts";

/** With the words of RFC 9110 §15. */
export const problemTitles = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;

export type ProblemStatus = keyof typeof problemTitles;
export const problemContentType = "application/problem+json";

type More = Omit<ProblemAnswer, "title" | "status" | "detail">;

interface ProblemOptions {
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly more?: More;
}

/** Thrown on the way, told to the client as it is. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: ProblemStatus;
  readonly #options: ProblemOptions;

  constructor(status: ProblemStatus, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.status = status;
    this.#options = options;
  }

  answer(): Response {
    const { status, message } = this;
    const { retryAfterSeconds, headers, more } = this.#options;
    const body: ProblemAnswer = { title: problemTitles[status], status, detail: message, ...more };
    return new Response(JSON.stringify(body), {
      status,
      headers: {
        ...headers,
        "content-type": problemContentType,
        ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
      },
    });
  }
}
