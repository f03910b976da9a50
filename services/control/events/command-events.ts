/** What operators did, as events for senders' systems: one for each command. */
import type { Clock } from "#lib/clock";
import { type EventSink, noEvents } from "#lib/events/event-sink";
import { eventTime } from "#lib/events/event-time";
import { type Destination, type QueueId, queueIdOf, type Uid } from "#lib/queue/unit";
import { eventRecordVersion } from "#proto/event-record";

export interface Commanded {
  readonly destination?: Destination;
  /** A message, or one of its units. */
  readonly id?: QueueId | Uid;
  readonly reason?: string;
  /** Units that it reached at once; what it reaches later is not counted. */
  readonly units: number;
}

export interface CommandEventsPorts {
  readonly events?: EventSink;
  readonly clock: Clock;
}

export class CommandEvents {
  readonly #events: EventSink;
  readonly #clock: Clock;
  #told = 0;

  constructor({ events = noEvents, clock }: CommandEventsPorts) {
    this.#events = events;
    this.#clock = clock;
  }

  /** `verb`: `queue.hold` and the like. */
  tell(verb: string, { destination, id, reason, units }: Commanded): void {
    const { node } = this.#events;
    const action = verb.slice(verb.indexOf(".") + 1);
    const at = eventTime(this.#clock.now());
    this.#told += 1;
    const eventId = `${node}/admin/${at}/${this.#told}`;
    this.#events.emit("admin", () => ({
      v: eventRecordVersion,
      kind: "admin",
      eventId,
      at,
      node,
      action,
      destination,
      ...idFields(id),
      reason: reason === "" ? undefined : reason,
      units,
    }));
  }
}

function idFields(id: QueueId | Uid | undefined) {
  if (id === undefined) return {};
  return isUid(id) ? { queueId: queueIdOf(id), uid: id } : { queueId: id };
}

function isUid(id: QueueId | Uid): id is Uid {
  return id.includes(".");
}
