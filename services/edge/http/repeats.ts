/** The same request again under its key gets the first one's answer (ADR 0024, ADR 0025). */
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { assert } from "#lib/assert";
import type { IdempotencyKeys } from "#lib/idempotency/idempotency";
import { parseQueueId } from "#lib/queue/queue-id";
import type { QueueId } from "#lib/queue/unit";
import type { Log } from "#lib/telemetry/log";
import type { EdgeMetrics } from "../metrics.ts";
import { Problem } from "./problem.ts";

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to a try, and what is left to the next one; nothing: it is the last word. */
export interface Tried {
  readonly answer: Answer;
  readonly open?: { readonly known: KnownIds };
}

/** Queue ids of recipients who were accepted, by their place in the request. */
export type KnownIds = ReadonlyMap<number, string>;

/** What a try is made with. */
export interface Try {
  readonly id: QueueId;
  /** Of earlier tries; nothing more is done for these. */
  readonly known: KnownIds;
}

export interface RepeatsPorts {
  /** Absent: none can be looked up. */
  readonly keys?: IdempotencyKeys;
  readonly log: Log;
  readonly metrics: Pick<EdgeMetrics, "repeatInDoubt">;
}

export interface KeyedRequest {
  readonly tenant: string;
  readonly key: string;
  readonly fingerprint: Uint8Array;
  /** The id that its messages get when it is the first. */
  readonly id: QueueId;
}

/** Visible ASCII: a key is a word of the client's, such as a UUID. */
const keyForm = /^[!-~]{1,255}$/;
/** So long a claim is taken for running, though its process may be gone. */
const runningRetrySeconds = 90;
const awayRetrySeconds = 30;
const nobody: KnownIds = new Map();

/** @throws {Problem} 400 */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || keyForm.test(header)) return header;
  throw new Problem(400, "Idempotency-Key must be 1 to 255 visible characters of ASCII");
}

/** Of all that makes a request what it is: the parts, each with its length. */
export function fingerprintOf(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    hash.update(`${bytes.length} `).update(bytes);
  }
  return hash.digest();
}

export class Repeats {
  readonly #ports: RepeatsPorts;

  constructor(ports: RepeatsPorts) {
    this.#ports = ports;
  }

  /** Whether messages under a key must be marked for the queue to know them again. */
  get messagesAreRepeatable(): boolean {
    return this.#ports.keys?.messagesAreRepeatable ?? false;
  }

  /**
   * The first answer, or that of this try.
   * @throws {Problem} 409: it is running; 422: the key is another request's; 503: the keys are away
   */
  async answer(request: KeyedRequest, make: (one: Try) => Promise<Tried>): Promise<Answer> {
    const begun = await this.#begin(request);
    const { tenant } = request;
    switch (begun.kind) {
      case "running":
        throw new Problem(409, "a request with this key is running", {
          retryAfterSeconds: runningRetrySeconds,
        });
      case "mismatch":
        throw new Problem(422, "this key was used for another request");
      case "finished":
        return decodeAnswer(begun.answer);
      case "new":
        return await this.#tried(request, () => make({ id: idOf(begun.uid), known: nobody }));
      case "resumed":
        if (begun.isInDoubt) {
          this.#ports.metrics.repeatInDoubt();
          this.#ports.log.warn("repeat_in_doubt", { tenant, queue_id: begun.uid });
        }
        return await this.#tried(request, () =>
          make({ id: idOf(begun.uid), known: decodeKnown(begun.partial) }),
        );
    }
  }

  async #tried(request: KeyedRequest, make: () => Promise<Tried>): Promise<Answer> {
    try {
      const { answer, open } = await make();
      if (open === undefined) await this.#finish(request, answer);
      else await this.#release(request, open.known);
      return answer;
    } catch (error) {
      // What was accepted is known by its id.
      await this.#release(request, nobody);
      throw error;
    }
  }

  async #begin({ tenant, key, fingerprint, id }: KeyedRequest) {
    const { keys, log } = this.#ports;
    try {
      if (keys !== undefined) return await keys.begin(tenant, key, fingerprint, id);
    } catch (error) {
      log.error("idempotency_keys_away", { tenant, error });
    }
    throw new Problem(503, "idempotency keys are out of reach: nothing was accepted", {
      retryAfterSeconds: awayRetrySeconds,
    });
  }

  /** What was accepted stays so: a repeat finds the claim, and the queue knows the ids. */
  async #finish({ tenant, key }: KeyedRequest, answer: Answer): Promise<void> {
    try {
      await this.#ports.keys?.finish(tenant, key, encodeAnswer(answer));
    } catch (error) {
      this.#ports.log.warn("idempotency_answer_lost", { tenant, error });
    }
  }

  /** When this fails the next try waits until the claim is old. */
  async #release({ tenant, key }: KeyedRequest, known: KnownIds): Promise<void> {
    try {
      await this.#ports.keys?.release(tenant, key, encodeKnown(known));
    } catch (error) {
      this.#ports.log.warn("idempotency_key_held", { tenant, error });
    }
  }
}

function idOf(uid: string): QueueId {
  const id = parseQueueId(uid);
  assert(id !== undefined, "a key is kept with the id of its first request");
  return id;
}

/** Compressed, so that a thousand results have room where they are kept. */
function encodeAnswer({ status, contentType, body }: Answer): Uint8Array {
  return gzipSync(JSON.stringify([status, contentType, body]));
}

function decodeAnswer(bytes: Uint8Array): Answer {
  const [status, contentType, body]: [number, string, string] = JSON.parse(
    gunzipSync(bytes).toString(),
  );
  return { status, contentType, body };
}

function encodeKnown(known: KnownIds): Uint8Array {
  return known.size === 0 ? nothing : gzipSync(JSON.stringify([...known]));
}

function decodeKnown(bytes: Uint8Array): KnownIds {
  if (bytes.length === 0) return nobody;
  const known: [number, string][] = JSON.parse(gunzipSync(bytes).toString());
  return new Map(known);
}

const nothing = new Uint8Array();
