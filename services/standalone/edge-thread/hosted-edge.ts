/** The edge in a thread of its own: told by messages what to do, and telling by messages. */
import type { EventSink } from "#lib/events/event-sink";
import { jsonLines } from "#lib/telemetry/json-log";
import { tracing } from "#lib/telemetry/tracing";
import { Edge, type EdgePorts } from "../../edge/edge.ts";
import type { EdgeMetrics } from "../../edge/metrics.ts";
import { crossing } from "./crossing-error.ts";
import { Outbox, type OutboxPorts } from "./outbox.ts";
import { buffersOf, packed } from "./packed.ts";
import { PortIntake } from "./port-intake.ts";
import { PortKeys } from "./port-keys.ts";
import type { EdgeThreadData, FromEdge, KeyQuestion, ToEdge, Told } from "./protocol.ts";

export interface HostedEdgePorts
  extends Omit<
      EdgePorts,
      "intake" | "keys" | "metrics" | "log" | "events" | "suppressed" | "tracing"
    >,
    Pick<OutboxPorts, "endOfTurn"> {
  /** `transfer`: buffers that are gone from here afterwards. */
  readonly post: (message: FromEdge, transfer: ArrayBuffer[]) => void;
}

export class HostedEdge {
  readonly #post: HostedEdgePorts["post"];
  readonly #outbox: Outbox;
  readonly #intake: PortIntake;
  readonly #keys: PortKeys | undefined;
  readonly #edge: Edge;

  constructor(data: EdgeThreadData, ports: HostedEdgePorts) {
    const { config, logLevel, events, traces, messagesAreRepeatable } = data;
    const { post, clock } = ports;
    this.#post = post;
    this.#outbox = new Outbox({ ...ports, post: (told) => this.#tellAll(told) });
    this.#intake = new PortIntake((handedIn) => this.#outbox.handIn(handedIn));
    const ask = (question: KeyQuestion) => this.#tell({ kind: "keyAsked", question });
    if (messagesAreRepeatable !== undefined) {
      this.#keys = new PortKeys({ messagesAreRepeatable, ask });
    }
    const write = (line: string) => this.#outbox.line(line);
    this.#edge = new Edge(config, {
      ...ports,
      intake: this.#intake,
      ...(this.#keys === undefined ? {} : { keys: this.#keys }),
      metrics: countingInto(this.#outbox),
      events: tellingInto(this.#outbox, events),
      tracing: tracing({
        share: traces,
        random: ports.random,
        end: (span) => this.#outbox.span(span),
      }),
      log: jsonLines({ level: logLevel, clock, write }),
    });
  }

  async start(): Promise<void> {
    try {
      await this.#edge.start();
      this.#tell({ kind: "started", listening: this.#edge.listening });
    } catch (error) {
      this.#tell({ kind: "notStarted", error: crossing(error) });
    }
  }

  async take(message: ToEdge): Promise<void> {
    switch (message.kind) {
      case "answers":
        this.#intake.take(message.answers);
        return;
      case "keyAnswered":
        this.#keys?.take(message.answer);
        return;
      case "reload":
        this.#reload(message.config);
        return;
      case "stop":
        await this.#stop();
        return;
    }
  }

  #reload(config: EdgeThreadData["config"]): void {
    try {
      this.#edge.reload(config);
      this.#tell({ kind: "reloaded" });
    } catch (error) {
      this.#tell({ kind: "reloaded", error: crossing(error) });
    }
  }

  /** Who was cut off in the middle has no reply, but the log has what became of its message. */
  async #stop(): Promise<void> {
    await this.#edge.stop();
    await this.#intake.settled();
    this.#tell({ kind: "stopped" });
  }

  #tellAll(told: Told): void {
    const message = { kind: "told", packed: packed(told) } as const;
    this.#post(message, buffersOf(message.packed));
  }

  /** After all that was told before. */
  #tell(message: FromEdge): void {
    this.#outbox.flush();
    this.#post(message, []);
  }
}

function countingInto(outbox: Outbox): EdgeMetrics {
  return {
    sessionOpened: (listener) => outbox.count(["sessionOpened", listener]),
    sessionClosed: (listener) => outbox.count(["sessionClosed", listener]),
    sessionRefused: (reason) => outbox.count(["sessionRefused", reason]),
    accepted: (message) => outbox.count(["accepted", message]),
    contentRead: (durationMs) => outbox.count(["contentRead", durationMs]),
    refused: (code) => outbox.count(["refused", code]),
    authenticated: (outcome) => outbox.count(["authenticated", outcome]),
    requestAnswered: (request) => outbox.count(["requestAnswered", request]),
    repeatInDoubt: () => outbox.count(["repeatInDoubt"]),
    contentBytesHeld: (bytes) => outbox.count(["contentBytesHeld", bytes]),
  };
}

/** The sink itself is in the main thread, and is flushed and closed there. */
function tellingInto(outbox: Outbox, { node, kinds }: EdgeThreadData["events"]): EventSink {
  return {
    node,
    emit(kind, record) {
      if (kinds.includes(kind)) outbox.event(record);
    },
    flush: async () => {},
    close: async () => {},
  };
}
