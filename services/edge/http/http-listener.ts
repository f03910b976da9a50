/** A listener of HTTP: a socket, and under TLS the identity that it shows. */
import { plainAddress } from "#lib/net/own-address";
import type { Endpoint, TlsIdentity } from "#lib/net/transport";
import type { HttpListenerConfig } from "../config.ts";
import type { SubmissionApi } from "./submission-api.ts";

export interface HttpListenerOptions {
  readonly config: HttpListenerConfig;
  readonly identity: TlsIdentity;
  readonly idleMs: number;
  readonly api: SubmissionApi;
}

type Server = ReturnType<typeof Bun.serve>;

/** What the runtime counts to. */
const idleSecondsMax = 255;

export class HttpListener {
  readonly #options: HttpListenerOptions;
  #config: HttpListenerConfig;
  #identity: TlsIdentity;
  #server: Server | undefined;
  /** Shown another identity, and left to those who are connected. */
  readonly #outdated: Server[] = [];
  #at: Endpoint;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#identity = options.identity;
    this.#at = options.config;
  }

  get name(): string {
    return this.#config.name;
  }

  /** Where it really listens. */
  get local(): Endpoint {
    return this.#at;
  }

  /** Throws with the address when it cannot be had. */
  start(): void {
    const { address, port } = this.#at;
    try {
      this.#server = this.#serve({ address, port });
    } catch (cause) {
      throw new Error(`Cannot listen on ${address} port ${port}`, { cause });
    }
    this.#at = { address, port: this.#server.port ?? port };
  }

  /**
   * Takes over what needs no other place; false when something does. A new identity is shown by a
   * new socket at the same place; who is connected stays with the old one.
   */
  reload(config: HttpListenerConfig | undefined, identity: TlsIdentity): boolean {
    if (config === undefined || !isSamePlace(config, this.#config)) return false;
    this.#config = config;
    this.#options.api.replace(config);
    const isOther = !isSameIdentity(identity, this.#identity);
    this.#identity = identity;
    if (!isOther || !config.tls.implicit || this.#server === undefined) return true;
    const before = this.#server;
    this.#server = this.#serve(this.#at);
    this.#outdated.push(before);
    void before.stop();
    return true;
  }

  /** No new connections. Resolves when those that are there have their answers. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  /** Ends what is still there. */
  async destroy(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop(true)));
    this.#server = undefined;
  }

  get #servers(): readonly Server[] {
    return this.#server === undefined ? [] : [this.#server, ...this.#outdated];
  }

  #serve({ address, port }: Endpoint): Server {
    const { api, idleMs } = this.#options;
    const { certificate, privateKey } = this.#identity;
    const { implicit } = this.#config.tls;
    return Bun.serve({
      hostname: address,
      port,
      fetch(request, server) {
        return api.answer(request, plainAddress(server.requestIP(request)?.address ?? ""));
      },
      // The API has limits of its own, and words for them.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      idleTimeout: Math.min(idleSecondsMax, Math.ceil(idleMs / 1_000)),
      development: false,
      // Two of one process, for a moment, when the identity changes; elsewhere a taken port is told,
      // which without this word it would not be outside of development.
      reusePort: implicit,
      ...(implicit ? { tls: { cert: certificate, key: privateKey } } : {}),
    });
  }
}

function isSamePlace(a: HttpListenerConfig, b: HttpListenerConfig): boolean {
  return a.address === b.address && a.port === b.port && a.tls.implicit === b.tls.implicit;
}

function isSameIdentity(a: TlsIdentity, b: TlsIdentity): boolean {
  return a.certificate === b.certificate && a.privateKey === b.privateKey;
}
