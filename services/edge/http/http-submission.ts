/** Submission by HTTP: its listeners, what they share, and their end. */
import type { Clock } from "#lib/clock";
import type { IdempotencyKeys } from "#lib/idempotency/idempotency";
import type { Random } from "#lib/random";
import type { Log } from "#lib/telemetry/log";
import type { EdgeConfig, EdgeLimits } from "../config.ts";
import type { Load } from "../load.ts";
import type { EdgeMetrics } from "../metrics.ts";
import type { Receiver } from "../receiver.ts";
import type { SuppressedRecipients } from "../submission/suppressed-recipients.ts";
import { HttpListener } from "./http-listener.ts";
import { Submitter } from "./message/submitter.ts";
import { Repeats } from "./repeats.ts";
import { RunningRequests } from "./running-requests.ts";
import { type ApiPorts, SubmissionApi } from "./submission-api.ts";
import { Tokens } from "./tokens.ts";

export interface HttpPorts {
  readonly receiver: Receiver;
  readonly load: Load;
  /** One object, changed by a reload. */
  readonly limits: EdgeLimits;
  readonly keys?: IdempotencyKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: EdgeMetrics;
  readonly suppressed?: SuppressedRecipients;
}

export class HttpSubmission {
  readonly #ports: HttpPorts;
  readonly #tokens: Tokens;
  readonly #running: RunningRequests;
  readonly #listeners: readonly HttpListener[];
  #scheduledMsMax: number;
  #isStopping = false;

  constructor(config: EdgeConfig, ports: HttpPorts) {
    this.#ports = ports;
    this.#tokens = new Tokens(config.http.tokens);
    this.#scheduledMsMax = config.scheduledMsMax;
    this.#running = new RunningRequests(ports.limits);
    const shared = this.#shared(config);
    this.#listeners = config.http.listeners.map((listener) => {
      const api = new SubmissionApi(listener, shared);
      const { identity } = config;
      return new HttpListener({ config: listener, identity, idleMs: ports.limits.idleMs, api });
    });
  }

  get listeners(): readonly Pick<HttpListener, "name" | "local">[] {
    return this.#listeners;
  }

  /** Throws, with some that listen perhaps, when a place cannot be had: then `stop()` is next. */
  start(): void {
    for (const listener of this.#listeners) listener.start();
  }

  /** Names of listeners that need a restart. */
  reload({ http, identity, scheduledMsMax }: EdgeConfig): readonly string[] {
    this.#scheduledMsMax = scheduledMsMax;
    this.#tokens.replace(http.tokens);
    const stay = this.#listeners.filter((listener) => {
      const config = http.listeners.find(({ name }) => name === listener.name);
      return !listener.reload(config, identity);
    });
    const known = this.#listeners.map(({ name }) => name);
    const added = http.listeners.map(({ name }) => name).filter((name) => !known.includes(name));
    return [...stay.map(({ name }) => name), ...added];
  }

  /** New requests are refused, running ones finish within `stopMs`; then all is closed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const closing = this.#listeners.map((listener) => listener.close());
    const { clock, limits } = this.#ports;
    const late = Promise.withResolvers<void>();
    const cancel = clock.after(limits.stopMs, late.resolve);
    // Whoever has gone without its answer may have mail on its way to the queue.
    await Promise.race([Promise.all([...closing, this.#running.emptied()]), late.promise]);
    cancel();
    await Promise.all(this.#listeners.map((listener) => listener.destroy()));
  }

  #shared({ hostname }: EdgeConfig): ApiPorts {
    const { keys, suppressed, ...ports } = this.#ports;
    const suppressing = suppressed === undefined ? {} : { suppressed };
    return {
      ...ports,
      tokens: this.#tokens,
      running: this.#running,
      submitter: new Submitter({ ...ports, hostname, ...suppressing }),
      repeats: new Repeats({ ...ports, ...(keys === undefined ? {} : { keys }) }),
      isStopping: () => this.#isStopping,
      scheduledMsMax: () => this.#scheduledMsMax,
    };
  }
}
