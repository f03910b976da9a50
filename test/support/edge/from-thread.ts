/** A log whose intake is reached as the edge's thread reaches it: over a channel, both ends real. */
import { EventEmitter } from "node:events";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { systemClock } from "#lib/clock";
import { noEvents } from "#lib/events/event-sink";
import { noMetrics } from "../../../services/edge/metrics.ts";
import {
  EdgeThread,
  type EdgeWorker,
} from "../../../services/standalone/edge-thread/edge-thread.ts";
import { Outbox } from "../../../services/standalone/edge-thread/outbox.ts";
import { buffersOf, packed } from "../../../services/standalone/edge-thread/packed.ts";
import { PortIntake } from "../../../services/standalone/edge-thread/port-intake.ts";
import type { ToEdge } from "../../../services/standalone/edge-thread/protocol.ts";
import type { LogWorld } from "../../conformance/intake-stream.ts";
import { edgeConfig } from "./edge-config.ts";

/** The thread, as far as it hands in. */
class ChannelWorker extends EventEmitter implements EdgeWorker {
  readonly #near: MessagePort;
  readonly #far: MessagePort;
  readonly intake: PortIntake;

  constructor() {
    super();
    const { port1, port2 } = new MessageChannel();
    [this.#near, this.#far] = [port1, port2];
    const outbox = new Outbox({
      post: (told) => {
        const message = { kind: "told", packed: packed(told) } as const;
        port2.postMessage(message, buffersOf(message.packed));
      },
      endOfTurn: (task) => void setImmediate(task),
      clock: systemClock,
    });
    this.intake = new PortIntake((handedIn) => outbox.handIn(handedIn));
    port1.on("message", (message) => this.emit("message", message));
    port2.on("message", (message: ToEdge) => {
      if (message.kind === "answers") this.intake.take(message.answers);
      if (message.kind === "stop") port2.postMessage({ kind: "stopped" });
    });
    port2.postMessage({ kind: "started", listening: [] });
  }

  postMessage(message: ToEdge): void {
    this.#near.postMessage(message);
  }

  async terminate(): Promise<void> {
    this.#near.close();
    this.#far.close();
  }
}

export async function fromThread(world: LogWorld): Promise<LogWorld> {
  const worker = new ChannelWorker();
  const thread = new EdgeThread(edgeConfig(), {
    spawn: () => worker,
    intake: world.intake,
    metrics: noMetrics,
    logLevel: "info",
    eventKinds: [],
    events: noEvents,
    write() {},
    onFailed: (error) => {
      throw error;
    },
  });
  await thread.start();
  const { reopen } = world;
  return {
    ...world,
    // The suite looks at contents that it has handed in.
    intake: {
      accept: (message) => worker.intake.accept({ ...message, content: message.content.slice() }),
    },
    ...(reopen === undefined
      ? {}
      : {
          reopen: async () => {
            await thread.stop();
            return await fromThread(await reopen());
          },
        }),
    close: async () => {
      await thread.stop();
      await world.close();
    },
  };
}
