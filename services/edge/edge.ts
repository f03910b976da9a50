/** The service in front, SMTP and HTTP: listeners, their sessions, and the limits on both. */
import type { Clock } from "#lib/clock";
import { Deadlines } from "#lib/deadlines";
import type { EventSink } from "#lib/events/event-sink";
import type { IdempotencyKeys } from "#lib/idempotency/idempotency";
import type {
  Connection,
  ConnectionHandler,
  Endpoint,
  Listener,
  Transport,
} from "#lib/net/transport";
import type { Random } from "#lib/random";
import { reply, type TransientReply } from "#lib/smtp/reply";
import type { Intake } from "#lib/stream/intake";
import type { Log } from "#lib/telemetry/log";
import type { Tracing } from "#lib/telemetry/tracing";
import type { EdgeConfig, EdgeLimits, ListenerConfig } from "./config.ts";
import { ClientConnection } from "./connection.ts";
import { Credentials, type VerifyPassword } from "./credentials.ts";
import { HttpSubmission } from "./http/http-submission.ts";
import { Load } from "./load.ts";
import type { EdgeMetrics } from "./metrics.ts";
import { AwaitingHeader } from "./proxied/awaiting-header.ts";
import { RefusingHeader } from "./proxied/refusing-header.ts";
import { Receiver } from "./receiver.ts";
import { ServedListener, type SharedContext } from "./served-listener.ts";
import type { SuppressedRecipients } from "./submission/suppressed-recipients.ts";
import { TurnedAway } from "./turned-away.ts";

export interface EdgePorts {
  readonly transport: Transport;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: EdgeMetrics;
  readonly events: EventSink;
  /** Default: nothing is traced. */
  readonly tracing?: Tracing;
  /** Default: argon2 of the runtime. */
  readonly verifyPassword?: VerifyPassword;
  /** Of submissions by HTTP; without them who sends one is told to come again. */
  readonly keys?: IdempotencyKeys;
  /** Where those who are suppressed are refused at RCPT; without it they are taken. */
  readonly suppressed?: SuppressedRecipients;
}

/** Where a listener really listens. */
export interface Listening {
  readonly name: string;
  readonly at: Endpoint;
}

interface Served {
  readonly listener: Listener;
  readonly served: ServedListener;
}

/** A connection, and whose it is. */
interface Arrival {
  readonly connection: Connection;
  readonly address: string;
  readonly served: ServedListener;
}

type Refusal = "sessions" | "address" | "stopping";

/** Connections that read their 421; beyond it new ones are dropped without a word. */
const turnedAwayMax = 1_000;

const refusals: Readonly<Record<Refusal, TransientReply>> = {
  sessions: reply(421, "4.3.2", "Too many sessions, try again later"),
  address: reply(421, "4.7.0", "Too many sessions from your address, try again later"),
  stopping: reply(421, "4.3.2", "Service shutting down, try again later"),
};

export class Edge {
  readonly #ports: EdgePorts;
  readonly #load: Load;
  readonly #credentials: Credentials;
  readonly #deadlines: Deadlines;
  readonly #shared: SharedContext;
  /** One object for all who look at it, so that a reload changes it for them. */
  readonly #limits: EdgeLimits;
  readonly #http: HttpSubmission;
  readonly #connections = new Set<ClientConnection>();
  readonly #turnedAway = new Set<TurnedAway>();
  /** Of proxies that have not told yet whose they are. */
  readonly #awaiting = new Set<AwaitingHeader>();
  #config: EdgeConfig;
  #served: Served[] = [];
  #state: "new" | "running" | "stopping" = "new";
  #stopped: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(config: EdgeConfig, ports: EdgePorts) {
    this.#config = config;
    this.#ports = ports;
    this.#limits = { ...config.limits };
    this.#load = new Load(this.#limits, ports.metrics);
    this.#credentials = new Credentials(config.users, ports);
    this.#deadlines = new Deadlines(ports.clock);
    const receiver = new Receiver(config, ports);
    this.#http = new HttpSubmission(config, {
      ...ports,
      receiver,
      load: this.#load,
      limits: this.#limits,
    });
    this.#shared = {
      receiver,
      credentials: this.#credentials,
      load: this.#load,
      limits: this.#limits,
      clock: ports.clock,
      log: ports.log,
      metrics: ports.metrics,
      ...(ports.suppressed === undefined ? {} : { suppressed: ports.suppressed }),
    };
  }

  /** Resolves when every listener listens; rejects, with none left, when one cannot. */
  async start(): Promise<void> {
    if (this.#state !== "new") return;
    this.#state = "running";
    try {
      for (const listener of this.#config.listeners)
        this.#served.push(await this.#listen(listener));
      this.#http.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Where it listens: SMTP, then HTTP, each in the order of the configuration. */
  get listening(): readonly Listening[] {
    const smtp = this.#served.map(({ listener, served }) => ({
      name: served.name,
      at: listener.local,
    }));
    return [...smtp, ...this.#http.listeners.map(({ name, local: at }) => ({ name, at }))];
  }

  get sessions(): number {
    return this.#connections.size;
  }

  /**
   * Takes over certificates, users, local domains, trusted networks, limits and what a listener
   * demands, without touching a session. Listeners are matched by name; a place that is new,
   * another, or not wanted any more needs a restart.
   */
  reload(config: EdgeConfig): void {
    this.#config = config;
    this.#credentials.replace(config.users);
    Object.assign(this.#limits, config.limits);
    const served = this.#served.map((it) => it.served);
    const stay = served.filter((it) => !it.reload(config)).map(({ name }) => name);
    const names = served.map(({ name }) => name);
    const added = config.listeners.map(({ name }) => name).filter((name) => !names.includes(name));
    for (const listener of [...stay, ...added, ...this.#http.reload(config)]) {
      this.#ports.log.warn("reload_needs_restart", { listener });
    }
  }

  /**
   * No new sessions, 421 to those that idle, running transactions finish within `stopMs`; then all
   * is closed.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#state = "stopping";
    const listeners = this.#served.map(({ listener }) => listener.stop());
    const http = this.#http.stop();
    for (const connection of [...this.#awaiting]) connection.abandon();
    for (const connection of [...this.#connections]) connection.drain();
    await this.#allGone();
    for (const connection of [...this.#turnedAway]) connection.expired();
    await Promise.all([...listeners, http]);
  }

  /** Waits for the sessions to end, and ends them when it takes too long. */
  async #allGone(): Promise<void> {
    if (this.#connections.size === 0) return;
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    const cancel = this.#ports.clock.after(this.#limits.stopMs, () => {
      for (const connection of [...this.#connections]) connection.abandon();
    });
    await emptied;
    cancel();
  }

  async #listen(config: ListenerConfig): Promise<Served> {
    const served = new ServedListener(this.#config, config, this.#shared);
    const at = { address: config.address, port: config.port };
    const accept = (connection: Connection) => this.#accept(connection, served);
    return { listener: await this.#ports.transport.listen(at, accept), served };
  }

  #accept(connection: Connection, served: ServedListener): ConnectionHandler {
    const { address } = connection.remote;
    const arrival = { connection, address, served };
    const isProxy = served.isProxy(address);
    if (isProxy === undefined) return this.#serve(arrival);
    if (isProxy) return this.#awaitHeader(arrival);
    const client = this.#serve(arrival);
    // Under implicit TLS a header is no hello, and the handshake fails.
    if (served.context.listener.tls.implicit) return client;
    const why = "it came from outside proxyProtocol.trustedNetworks";
    return new RefusingHeader({ client, refused: () => this.#refuseHeader(arrival, why) });
  }

  #serve({ connection, address, served }: Arrival, begun?: Uint8Array): ConnectionHandler {
    const { context } = served;
    if (this.#state !== "running") {
      return this.#turnAway({ connection, address, served }, "stopping");
    }
    const place = this.#load.open(address);
    if (place !== "opened") return this.#turnAway({ connection, address, served }, place);
    const client = new ClientConnection({
      context,
      connection,
      clientAddress: address,
      settings: served.settingsFor(address),
      gone: this.#gone,
    });
    this.#connections.add(client);
    this.#deadlines.watch(client);
    this.#ports.metrics.sessionOpened(served.name);
    this.#ports.log.debug("session_opened", { client: address, listener: served.name });
    client.start(begun);
    return client;
  }

  /** No session yet, but a place: those that never tell must not be more than sessions may be. */
  #awaitHeader(arrival: Arrival): ConnectionHandler {
    const { connection, served } = arrival;
    if (this.#state !== "running") return this.#turnAway(arrival, "stopping");
    if (this.#load.sessions + this.#awaiting.size >= this.#limits.sessionsMax) {
      return this.#turnAway(arrival, "sessions");
    }
    const awaiting = new AwaitingHeader({
      connection,
      deadline: this.#ports.clock.monotonic() + this.#limits.proxyHeaderMs,
      accept: (address, begun) => this.#serve({ connection, address, served }, begun),
      refused: (why) => this.#refuseHeader(arrival, why),
      over: (it) => {
        this.#awaiting.delete(it);
        this.#deadlines.forget(it);
      },
    });
    this.#awaiting.add(awaiting);
    this.#deadlines.watch(awaiting);
    return awaiting;
  }

  /** An operator's mistake, nearly always: this one is told to the operator, not to the peer. */
  #refuseHeader({ connection, address, served }: Arrival, why: string): void {
    this.#ports.metrics.sessionRefused("proxyHeader");
    this.#ports.log.warn("proxy_header_refused", { address, listener: served.name, reason: why });
    connection.destroy();
  }

  /** One function for all connections, not one each. */
  readonly #gone = (client: ClientConnection): void => {
    const { clientAddress, listenerName } = client;
    this.#connections.delete(client);
    this.#deadlines.forget(client);
    this.#load.close(clientAddress);
    this.#ports.metrics.sessionClosed(listenerName);
    this.#ports.log.debug("session_closed", { client: clientAddress, listener: listenerName });
    if (this.#connections.size === 0) this.#emptied?.();
  };

  #turnAway({ connection, address, served }: Arrival, reason: Refusal) {
    const { clock, metrics, log } = this.#ports;
    const { listener } = served.context;
    metrics.sessionRefused(reason);
    log.debug("session_refused", { client: address, listener: listener.name, reason });
    // A 421 in clear is noise to a client that waits for TLS; and a flood gets no courtesy.
    if (listener.tls.implicit || this.#turnedAway.size >= turnedAwayMax) {
      connection.destroy();
      return silent;
    }
    const turnedAway = new TurnedAway({
      connection,
      reply: refusals[reason],
      deadline: clock.monotonic() + this.#limits.closingMs,
      gone: (it) => {
        this.#turnedAway.delete(it);
        this.#deadlines.forget(it);
      },
    });
    this.#turnedAway.add(turnedAway);
    this.#deadlines.watch(turnedAway);
    return turnedAway;
  }
}

const silent: ConnectionHandler = { data() {}, closed() {} };
