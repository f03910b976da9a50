/**
 * An edge on a network and a clock in memory: a test decides when time passes and when the queue
 * answers.
 */
import type { Faults } from "#lib/faults";
import { MemoryNetwork } from "#lib/net/memory-transport";
import type { Endpoint } from "#lib/net/transport";
import { seededRandom } from "#lib/random";
import { MemoryLog } from "#lib/stream/memory";
import type { Log, LogFields } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import type { EdgeConfig } from "../../../services/edge/config.ts";
import type { VerifyPassword } from "../../../services/edge/credentials.ts";
import { Edge } from "../../../services/edge/edge.ts";
import { type EdgeMetrics, noMetrics } from "../../../services/edge/metrics.ts";
import type { SuppressedRecipients } from "../../../services/edge/submission/suppressed-recipients.ts";
import { RecordedEvents } from "../events/recorded-events.ts";
import { RecordingHandler } from "../recording-handler.ts";
import { RecordingIntake } from "../recording-intake.ts";

const edgeAddress = "192.0.2.25";

export interface MemoryEdgeOptions {
  readonly faults?: Faults;
  readonly verifyPassword?: VerifyPassword;
  readonly suppressed?: SuppressedRecipients;
  readonly bytesMax?: number;
  readonly metrics?: EdgeMetrics;
}

export interface LogLine {
  readonly event: string;
  readonly fields: LogFields;
}

export class MemoryEdge {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly lines: LogLine[] = [];
  readonly events = new RecordedEvents();
  readonly intake: RecordingIntake;
  readonly edge: Edge;

  constructor(config: EdgeConfig, options: MemoryEdgeOptions = {}) {
    const { faults, verifyPassword, suppressed } = options;
    const { bytesMax = Number.POSITIVE_INFINITY, metrics = noMetrics } = options;
    const { clock } = this;
    this.intake = new RecordingIntake(new MemoryLog({ clock, shards: 4, bytesMax }).intake(faults));
    this.edge = new Edge(config, {
      transport: this.network.transport(edgeAddress),
      intake: this.intake,
      clock,
      random: seededRandom(1),
      log: logInto(this.lines),
      metrics,
      events: this.events,
      verifyPassword: verifyPassword ?? (async (password, hash) => hash === password),
      ...(suppressed === undefined ? {} : { suppressed }),
    });
  }

  static async start(config: EdgeConfig, options: MemoryEdgeOptions = {}): Promise<MemoryEdge> {
    const memoryEdge = new MemoryEdge(config, options);
    await memoryEdge.edge.start();
    return memoryEdge;
  }

  at(name = "inbound"): Endpoint {
    const found = this.edge.listening.find((listening) => listening.name === name);
    if (found === undefined) throw new Error(`no listener "${name}"`);
    return found.at;
  }

  /** A client at an address; what it was greeted with is still to be taken. */
  async connect({ name = "inbound", from = "198.51.100.7" } = {}): Promise<MemoryClient> {
    let handler: RecordingHandler | undefined;
    const connecting = this.network
      .transport(from)
      .connect(this.at(name), { timeoutMs: 1_000 }, (connection) => {
        handler = new RecordingHandler(connection);
        return handler;
      });
    await this.clock.advance(0);
    await connecting;
    if (handler === undefined) throw new Error("nobody was connected");
    return new MemoryClient(handler, this.clock);
  }

  /** A client that was greeted and has said EHLO. */
  async client(options: { readonly name?: string; readonly from?: string } = {}) {
    const client = await this.connect(options);
    await client.say("EHLO client.example");
    client.take();
    return client;
  }
}

export class MemoryClient {
  readonly #handler: RecordingHandler;
  readonly #clock: VirtualClock;
  #taken = 0;

  constructor(handler: RecordingHandler, clock: VirtualClock) {
    this.#handler = handler;
    this.#clock = clock;
  }

  get connection() {
    return this.#handler.connection;
  }

  get isClosed(): boolean {
    return this.#handler.isClosed;
  }

  /** The edge has sent its FIN, or the connection is gone. */
  get hasEnded(): boolean {
    return this.isClosed || this.#handler.events.includes("ended");
  }

  /** What came since it was taken last. */
  take(): string {
    const text = this.#handler.text.slice(this.#taken);
    this.#taken += text.length;
    return text;
  }

  async send(text: string): Promise<void> {
    this.#handler.say(text);
    await this.#clock.advance(0);
  }

  /** Sends lines as one segment; resolves with all that came at once. */
  async say(...lines: string[]): Promise<string> {
    await this.send(lines.map((line) => `${line}\r\n`).join(""));
    return this.take();
  }

  /** Codes of replies only; the last line of each counts. */
  async codes(...lines: string[]): Promise<string[]> {
    return codesIn(await this.say(...lines));
  }

  async startTls(serverName: string) {
    const shaking = this.connection.startTls(serverName);
    await this.#clock.advance(0);
    return await shaking;
  }

  async end(): Promise<void> {
    this.connection.end();
    await this.#clock.advance(0);
  }
}

/** `250 2.1.0` for each reply. */
export function codesIn(text: string): string[] {
  return [...text.matchAll(/^\d{3}(?: \d\.\d\.\d{1,2})?(?= |\r)/gm)].map(([code]) => code);
}

function logInto(lines: LogLine[]): Log {
  const note = (event: string, fields: LogFields = {}) => void lines.push({ event, fields });
  return { debug: note, info: note, warn: note, error: note };
}
