/** The collector that telemetry is posted to, over OTLP/HTTP; mail never waits for it. */
import type { Clock } from "#lib/clock";
import type { Log } from "../log.ts";

/**
 * `busy`: the same may be posted again later; `refused`: it may not (OTLP, "Failures"). Never an
 * error: who posts has nobody to tell.
 */
export type Posted = "taken" | "busy" | "refused";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface CollectorOptions {
  /** Its base: `http://127.0.0.1:4318`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch: Fetch;
}

const timeoutMs = 10_000;
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export class Collector {
  readonly #options: CollectorOptions;
  #isAway = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  async post(path: "/v1/metrics" | "/v1/traces", content: unknown): Promise<Posted> {
    const { clock } = this.#options;
    const timeout = new AbortController();
    const cancel = clock.after(timeoutMs, () => timeout.abort(new Error("no answer in time")));
    try {
      return await this.#post(path, JSON.stringify(content), timeout.signal);
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
      return "busy";
    } finally {
      cancel();
    }
  }

  async #post(path: string, body: string, signal: AbortSignal): Promise<Posted> {
    const { url, headers, fetch } = this.#options;
    const response = await fetch(`${url.replace(/\/+$/, "")}${path}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      // What we know and our headers go where the operator said, and nowhere else.
      redirect: "error",
      body,
      signal,
    });
    await response.body?.cancel();
    if (response.ok) {
      this.#worked();
      return "taken";
    }
    this.#failed(`HTTP ${response.status}`);
    return retryable.has(response.status) ? "busy" : "refused";
  }

  /** Once, until it works again: not a line for each post. */
  #failed(reason: string): void {
    if (!this.#isAway) this.#options.log.warn("telemetry_not_exported", { reason });
    this.#isAway = true;
  }

  #worked(): void {
    if (this.#isAway) this.#options.log.info("telemetry_exported_again");
    this.#isAway = false;
  }
}
