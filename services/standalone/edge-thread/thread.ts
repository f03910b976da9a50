/** The edge's thread: a core of its own for whoever hands in mail. */
import { parentPort, workerData } from "node:worker_threads";
import { systemClock as clock } from "#lib/clock";
import { bunTransport } from "#lib/net/bun-transport";
import { systemRandom as random } from "#lib/random";
import { HostedEdge } from "./hosted-edge.ts";
import type { ToEdge } from "./protocol.ts";

const port = parentPort;
if (port !== null) {
  const edge = new HostedEdge(workerData, {
    transport: bunTransport(clock),
    clock,
    random,
    post: (message, transfer) => port.postMessage(message, transfer),
    endOfTurn: (task) => void setImmediate(task),
  });
  port.on("message", (message: ToEdge) => void edge.take(message));
  void edge.start();
}
