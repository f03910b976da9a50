/** The submission API over a queue in memory; requests are handed to it without a socket. */
import type { Faults } from "#lib/faults";
import { MemoryIdempotencyKeys } from "#lib/idempotency/memory";
import { seededRandom } from "#lib/random";
import type { Intake } from "#lib/stream/intake";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import type { Tracing } from "#lib/telemetry/tracing";
import { VirtualClock } from "#lib/virtual-clock";
import {
  defaultEdgeLimits,
  type EdgeLimits,
  type HttpListenerConfig,
  type TokenConfig,
} from "../../../services/edge/config.ts";
import { Submitter } from "../../../services/edge/http/message/submitter.ts";
import { Repeats } from "../../../services/edge/http/repeats.ts";
import { RunningRequests } from "../../../services/edge/http/running-requests.ts";
import { SubmissionApi } from "../../../services/edge/http/submission-api.ts";
import { hashOfToken, Tokens } from "../../../services/edge/http/tokens.ts";
import { Load } from "../../../services/edge/load.ts";
import { type EdgeMetrics, noMetrics } from "../../../services/edge/metrics.ts";
import { Receiver } from "../../../services/edge/receiver.ts";
import type { SuppressedRecipients } from "../../../services/edge/submission/suppressed-recipients.ts";
import { RecordedEvents } from "../events/recorded-events.ts";
import { RecordingIntake } from "../recording-intake.ts";
import { edgeConfig } from "./edge-config.ts";

export const acmeToken = "gdw_acme";
export const acme: TokenConfig = {
  name: "shop",
  tokenHash: hashOfToken(acmeToken),
  tenant: "acme",
  mayActAs: ["blue"],
};

export interface HttpBenchOptions {
  readonly limits?: Partial<EdgeLimits>;
  readonly listener?: Partial<HttpListenerConfig>;
  readonly faults?: Faults;
  readonly bytesMax?: number;
  readonly suppressed?: SuppressedRecipients;
  readonly tracing?: Tracing;
  readonly metrics?: EdgeMetrics;
  readonly pools?: readonly string[];
  readonly scheduledMsMax?: number;
  /** In the place of the queue in memory. */
  readonly intake?: Intake;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what it expects.
  readonly body: any;
}

export class HttpBench {
  readonly clock = new VirtualClock();
  readonly intake: RecordingIntake;
  readonly events = new RecordedEvents();
  readonly load: Load;
  readonly api: SubmissionApi;
  isStopping = false;

  constructor(options: HttpBenchOptions = {}) {
    const { clock, events } = this;
    const { faults, suppressed, tracing, metrics = noMetrics, pools } = options;
    const { bytesMax = Number.POSITIVE_INFINITY } = options;
    const limits = { ...defaultEdgeLimits, ...options.limits };
    const log = silentLog;
    const random = seededRandom(1);
    const queue = options.intake ?? new MemoryLog({ clock, shards: 4, bytesMax }).intake(faults);
    this.intake = new RecordingIntake(queue);
    this.load = new Load(limits, metrics);
    const config = edgeConfig({ limits, ...(pools === undefined ? {} : { pools }) });
    const shared = { clock, random, log, metrics };
    const receiver = new Receiver(config, {
      ...shared,
      intake: this.intake,
      events,
      ...(tracing === undefined ? {} : { tracing }),
    });
    const { hostname } = config;
    const of = { ...shared, receiver, load: this.load };
    this.api = new SubmissionApi(
      { ...httpListener, ...options.listener },
      {
        ...of,
        tokens: new Tokens([acme]),
        running: new RunningRequests(limits),
        submitter: new Submitter({
          ...of,
          hostname,
          ...(suppressed === undefined ? {} : { suppressed }),
        }),
        repeats: new Repeats({ ...shared, keys: new MemoryIdempotencyKeys({ clock }) }),
        isStopping: () => this.isStopping,
        scheduledMsMax: () => options.scheduledMsMax ?? 30 * 86_400_000,
      },
    );
  }

  async post(
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
    path = "/v1/messages",
  ): Promise<Answered> {
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const request = new Request(`http://edge.example${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${acmeToken}`,
        "content-type": "application/json",
        ...headers,
      },
      body: isRaw ? body : JSON.stringify(body),
    });
    return await this.answered(request);
  }

  async answered(request: Request): Promise<Answered> {
    const response = await this.api.answer(request, "192.0.2.7");
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: JSON.parse(text) };
  }

  /** The nth accepted message, as text. */
  contentOf(n: number): string {
    return new TextDecoder().decode(this.intake.accepted[n]?.content);
  }
}

const httpListener: HttpListenerConfig = {
  name: "http",
  address: "127.0.0.1",
  port: 0,
  tls: { implicit: false },
  limits: {},
};
