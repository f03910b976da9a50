/** A real edge on loopback in front of a memory queue; what it accepts is recorded. */
import { systemClock } from "#lib/clock";
import { noEvents } from "#lib/events/event-sink";
import { bunTransport } from "#lib/net/bun-transport";
import type { Endpoint } from "#lib/net/transport";
import { systemRandom } from "#lib/random";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import type { EdgeConfig } from "../../../services/edge/config.ts";
import type { VerifyPassword } from "../../../services/edge/credentials.ts";
import { Edge } from "../../../services/edge/edge.ts";
import { noMetrics } from "../../../services/edge/metrics.ts";
import { RawPeer } from "../raw-peer.ts";
import { RecordingIntake } from "../recording-intake.ts";

export interface RunningEdgeOptions {
  /** Room in the queue. */
  readonly bytesMax?: number;
  readonly verifyPassword?: VerifyPassword;
}

export class RunningEdge implements AsyncDisposable {
  readonly edge: Edge;
  readonly intake: RecordingIntake;

  private constructor(edge: Edge, intake: RecordingIntake) {
    this.edge = edge;
    this.intake = intake;
  }

  static async start(config: EdgeConfig, options: RunningEdgeOptions = {}): Promise<RunningEdge> {
    const { bytesMax = Number.POSITIVE_INFINITY, verifyPassword } = options;
    const log = new MemoryLog({ clock: systemClock, shards: 4, bytesMax });
    const intake = new RecordingIntake(log.intake());
    const edge = new Edge(config, {
      transport: bunTransport(systemClock),
      intake,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      metrics: noMetrics,
      events: noEvents,
      ...(verifyPassword === undefined ? {} : { verifyPassword }),
    });
    await edge.start();
    return new RunningEdge(edge, intake);
  }

  at(name = "inbound"): Endpoint {
    const found = this.edge.listening.find((listening) => listening.name === name);
    if (found === undefined) throw new Error(`no listener "${name}"`);
    return found.at;
  }

  /** A client that has read the greeting. */
  async peer(name = "inbound"): Promise<RawPeer> {
    const peer = await RawPeer.connect(this.at(name));
    await peer.reply();
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.edge.stop();
  }
}
