/** One of the processes of a sink; the other end of `sink-processes.ts`. */
import { isIPv4 } from "node:net";
import { systemClock } from "#lib/clock";
import { bunTransport } from "#lib/net/bun-transport";
import { systemRandom } from "#lib/random";
import { epollTransport } from "../../net/epoll-transport.ts";
import { Sink, type SinkPorts } from "../sink.ts";
import { Arrivals } from "./arrivals.ts";
import type { Order, SinkOrders, Told } from "./report.ts";

/** Between two reports. */
const reportMs = 50;

const arrivals = new Arrivals();
let sink: Sink | undefined;
let cancelReport: (() => void) | undefined;

process.on("message", (order: Order) => {
  if (order.order === "start") {
    start(order.options).catch((error: Error) => tell({ event: "failed", message: error.message }));
  } else stop();
});
// What is typed at a terminal is for all of us; whoever started us says when it is time.
process.on("SIGINT", () => {}).on("SIGTERM", () => {});
// Whoever started us is gone.
process.on("disconnect", () => process.exit());

async function start(options: SinkOrders): Promise<void> {
  sink = await Sink.start(
    {
      ...options,
      arrived: ({ id, recipients, reversePath }) => {
        if (id !== undefined && reversePath !== "") arrivals.add(id, recipients.length);
        reportSoon();
      },
      watch: { opened: reportSoon, closed: reportSoon, mail() {} },
    },
    ports(options),
  );
  tell({ event: "listening", endpoint: sink.endpoint });
}

function ports(options: SinkOrders): SinkPorts {
  const sharing = { port: "shared" } as const;
  const isClear = options.identity === undefined && isIPv4(options.at?.address ?? "127.0.0.1");
  const system = isClear ? epollTransport(systemClock, sharing) : undefined;
  const transport = system ?? bunTransport(systemClock, sharing);
  return { transport, clock: systemClock, random: systemRandom };
}

function reportSoon(): void {
  cancelReport ??= systemClock.after(reportMs, report);
}

function report(): void {
  cancelReport = undefined;
  if (sink === undefined) return;
  const { counts, faultCounts: faults } = sink;
  tell({ event: "report", counts, faults, arrivals: arrivals.take() });
}

function stop(): void {
  cancelReport?.();
  const stopped = sink?.stop() ?? Promise.resolve();
  void stopped.then(() => {
    cancelReport?.();
    report();
    process.disconnect?.();
  });
}

function tell(told: Told): void {
  process.send?.(told);
}
