/** A destination's queue as tests want it. */
import type { Clock } from "#lib/clock";
import type { Destination } from "#lib/queue/unit";
import { VirtualClock } from "#lib/virtual-clock";
import { type DeliveryLimits, defaultLimits } from "../../../services/delivery/config.ts";
import type { WindowBounds } from "../../../services/delivery/destination/adaptive-window.ts";
import { DestinationQueue } from "../../../services/delivery/destination/destination-queue.ts";
import { Room } from "../../../services/delivery/shard/room.ts";
import type { WorkingSetPorts } from "../../../services/delivery/shard/working-set.ts";

/** By tenant alone. */
export function workingPorts(
  clock: Clock = new VirtualClock(),
  limits: Partial<DeliveryLimits> = {},
): WorkingSetPorts {
  const all = { ...defaultLimits, ...limits };
  return {
    clock,
    limits: all,
    room: new Room(all.workerBytesMax, 2),
    unwanted: () => {},
    laneOf: ({ unit }) => ({
      tenant: unit.tenant ?? "",
      campaign: "",
      source: "",
      isHigh: unit.lane === "h",
    }),
    weightOf: () => 1,
  };
}

export function queueFor(
  destination: Destination,
  bounds: WindowBounds,
  ports: WorkingSetPorts = workingPorts(),
): DestinationQueue {
  const queue = new DestinationQueue(destination, ports);
  queue.windowBounds = bounds;
  return queue;
}
