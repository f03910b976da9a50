/** `POST /v1/messages` and the document that describes it (ADR 0024). */
import { type Context, Hono } from "hono";
import type { Clock } from "#lib/clock";
import { makeQueueId } from "#lib/queue/queue-id";
import type { Random } from "#lib/random";
import { replyText } from "#lib/smtp/reply";
import type { Log } from "#lib/telemetry/log";
import { type HttpListenerConfig, serverLimits, type TokenConfig } from "../config.ts";
import type { Load } from "../load.ts";
import type { EdgeMetrics } from "../metrics.ts";
import type { Origin, Receiver } from "../receiver.ts";
import { openApiDocument } from "./description/openapi.ts";
import { documentPath, messagesPath } from "./description/operations.ts";
import { requestRecipientsMax } from "./description/request-schema.ts";
import type { Submission } from "./message/submission.ts";
import type { Submitter } from "./message/submitter.ts";
import { UnreadableTemplate } from "./message/template.ts";
import { Problem } from "./problem.ts";
import { fingerprintOf, idempotencyKey, type Repeats, type Tried, type Try } from "./repeats.ts";
import { HeldBytes, readBody } from "./request-body.ts";
import {
  decodedText,
  jsonSubmission,
  querySubmission,
  rawType,
  requestType,
} from "./request-form.ts";
import type { RunningRequests } from "./running-requests.ts";
import { submissionAnswer } from "./submission-answer.ts";
import type { Tokens } from "./tokens.ts";
import { refuseFaults } from "./written-submission.ts";

/** What the listeners share. */
export interface ApiPorts {
  readonly tokens: Tokens;
  readonly running: RunningRequests;
  readonly receiver: Pick<Receiver, "receive" | "labelsFor" | "makeSessionId">;
  readonly submitter: Submitter;
  readonly repeats: Repeats;
  readonly load: Pick<Load, "hasRoomFor" | "hold">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: EdgeMetrics;
  readonly isStopping: () => boolean;
  /** How far ahead mail may be submitted; 0: not at all. */
  readonly scheduledMsMax: () => number;
}

interface Client {
  readonly clientAddress: string;
}

type RequestContext = Context<{ Bindings: Client }>;

interface Read {
  readonly submission: Submission;
  readonly fingerprint: Uint8Array;
}

const dayMs = 86_400_000;
const stoppingRetrySeconds = 10;
const busyRetrySeconds = 1;
/** Of all addresses of a request: an answer that repeats them must have room where it is kept. */
const addressBytesMax = 256 * 1024;
/** Of a request's bytes: the text, what is decoded of it, and what is being composed. */
const readCopies = 3;
/** Beside the content: names, substitutions, addresses. */
const envelopeBytesMax = 1024 * 1024;

export class SubmissionApi {
  readonly routes = new Hono<{ Bindings: Client }>();
  readonly #ports: ApiPorts;
  #listener: HttpListenerConfig;

  constructor(listener: HttpListenerConfig, ports: ApiPorts) {
    this.#listener = listener;
    this.#ports = ports;
    const document = JSON.stringify(openApiDocument());
    const { routes } = this;
    routes.get(documentPath, () => new Response(document, { headers: jsonHeaders }));
    routes.post(messagesPath, (c) => this.#accept(c));
    routes.all(messagesPath, () => {
      throw new Problem(405, "messages are posted", { headers: { allow: "POST" } });
    });
    routes.notFound((c) => new Problem(404, `there is no ${c.req.path} here`).answer());
    routes.onError((error, c) => this.#refusal(error, c));
  }

  /** Takes over what needs no new socket. */
  replace(listener: HttpListenerConfig): void {
    this.#listener = listener;
  }

  async answer(request: Request, clientAddress: string): Promise<Response> {
    const { clock, metrics } = this.#ports;
    const startedAt = clock.monotonic();
    const response = await this.routes.fetch(request, { clientAddress });
    metrics.requestAnswered({
      listener: this.#listener.name,
      status: response.status,
      durationMs: clock.monotonic() - startedAt,
    });
    return response;
  }

  async #accept(c: RequestContext): Promise<Response> {
    const { tokens, running, isStopping } = this.#ports;
    if (isStopping()) {
      const headers = { connection: "close" };
      throw new Problem(503, "the server is stopping", {
        retryAfterSeconds: stoppingRetrySeconds,
        headers,
      });
    }
    const token = tokens.ownerOf(c.req.header("authorization"));
    if (token === undefined) {
      const headers = { "www-authenticate": "Bearer" };
      throw new Problem(401, "the token is missing or not known", { headers });
    }
    const place = running.begin(token.name);
    if (place !== "begun") {
      const ofWhom = place === "token" ? "of this token" : "of all";
      throw new Problem(place === "token" ? 429 : 503, `too many requests ${ofWhom} are running`, {
        retryAfterSeconds: busyRetrySeconds,
      });
    }
    try {
      return await this.#submit(c, token);
    } finally {
      running.end(token.name);
    }
  }

  async #submit(c: RequestContext, token: TokenConfig): Promise<Response> {
    const { load, receiver, random, clock, repeats } = this.#ports;
    const key = idempotencyKey(c.req.header("idempotency-key"));
    using held = new HeldBytes(load);
    const { submission, fingerprint } = await this.#read(c, held);
    const origin = this.#originOf(c, token);
    const labels = receiver.labelsFor(submission.labels, origin);
    if ("code" in labels) {
      throw new Problem(labels.status === "5.7.1" ? 403 : 400, replyText(labels));
    }
    const { tenant } = labels;
    const made = (one: Try) => this.#made(c, { ...one, submission, origin, tenant, key });
    const id = makeQueueId(clock.now(), random);
    const answer =
      key === undefined
        ? (await made({ id, known: new Map() })).answer
        : await repeats.answer({ tenant: token.tenant, key, fingerprint, id }, made);
    const { status, contentType, body, headers } = answer;
    return new Response(body, { status, headers: { ...headers, "content-type": contentType } });
  }

  async #read(c: RequestContext, held: HeldBytes): Promise<Read> {
    const type = requestType(c.req.raw.headers);
    const { messageSizeMax, recipientsMax } = this.#limits;
    const bytesMax = type === rawType ? messageSizeMax : jsonBytesMax(messageSizeMax);
    const bytes = await readBody(c.req.raw, { bytesMax, held });
    const { search, searchParams } = new URL(c.req.url);
    const fingerprint = fingerprintOf(type, search, bytes);
    const submission = this.#submissionOf({ type, bytes, searchParams, held });
    this.#lookAtSchedule(submission);
    lookAtLength(submission, Math.min(recipientsMax, requestRecipientsMax));
    return { submission, fingerprint };
  }

  /** @throws {Problem} 400 */
  #lookAtSchedule({ notBefore }: Submission): void {
    const { clock, scheduledMsMax } = this.#ports;
    const msMax = scheduledMsMax();
    if (notBefore === undefined || notBefore - clock.now() <= msMax) return;
    const days = Math.floor(msMax / dayMs);
    const message = days === 0 ? "is not taken here" : `is more than ${days} days ahead`;
    refuseFaults([{ path: "sendAt", message }]);
  }

  #submissionOf(written: {
    readonly type: string;
    readonly bytes: Uint8Array;
    readonly searchParams: URLSearchParams;
    readonly held: HeldBytes;
  }): Submission {
    const { type, bytes, searchParams, held } = written;
    if (type === rawType) return querySubmission(searchParams, bytes);
    held.hold(readCopies * bytes.length);
    return jsonSubmission(decodedText(bytes));
  }

  async #made(
    c: RequestContext,
    order: Try & {
      readonly submission: Submission;
      readonly origin: Origin;
      readonly tenant: string | undefined;
      readonly key: string | undefined;
    },
  ): Promise<Tried> {
    const { submission, key, ...of } = order;
    const fates = await this.#ports.submitter.submit({
      ...of,
      submission,
      limits: this.#limits,
      isRepeatable: key !== undefined && this.#ports.repeats.messagesAreRepeatable,
      traceParent: c.req.header("traceparent"),
    });
    return submissionAnswer({ submission, fates, hasKey: key !== undefined });
  }

  #originOf(c: RequestContext, { name, tenant, mayActAs }: TokenConfig): Origin {
    const { name: listener, tls } = this.#listener;
    return {
      clientAddress: c.env.clientAddress,
      sessionId: this.#ports.receiver.makeSessionId(),
      // A submission, but nobody is trusted for an address.
      listener: { name: listener, kind: "submission", mayActAs: [] },
      user: { name, tenant, ...(mayActAs === undefined ? {} : { mayActAs }) },
      protocol: tls.implicit ? "HTTPS" : "HTTP",
    };
  }

  get #limits() {
    return { ...serverLimits("submission"), ...this.#listener.limits };
  }

  #refusal(error: unknown, c: RequestContext): Response {
    const problem = this.#problemOf(error, c);
    this.#ports.log.info("request_refused", {
      client: c.env.clientAddress,
      listener: this.#listener.name,
      status: problem.status,
      reason: problem.message,
    });
    return problem.answer();
  }

  /** The one place where the unexpected becomes an answer: generic text, and an id of the log's. */
  #problemOf(error: unknown, c: RequestContext): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof UnreadableTemplate) return new Problem(422, error.message);
    const { clock, random, log } = this.#ports;
    const reference = makeQueueId(clock.now(), random);
    log.error("request_failed", { reference, method: c.req.method, path: c.req.path, error });
    return new Problem(500, `local error (reference ${reference})`);
  }
}

/** Base64 takes four characters for three bytes. */
function jsonBytesMax(messageSizeMax: number): number {
  return Math.ceil(messageSizeMax / 3) * 4 + envelopeBytesMax;
}

/** @throws {Problem} 413 */
function lookAtLength({ recipients }: Submission, recipientsMax: number): void {
  const { length } = recipients;
  if (length > recipientsMax) {
    throw new Problem(413, `a request has at most ${recipientsMax} recipients, not ${length}`);
  }
  const bytes = Buffer.byteLength(JSON.stringify(recipients.map(({ address }) => address)));
  if (bytes > addressBytesMax) throw new Problem(413, "the addresses are too long together");
}

const jsonHeaders = { "content-type": "application/json" };
