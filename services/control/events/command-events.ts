/** What operators did, as events for senders' systems: one for each command. */
import type { Clock } from "#lib/clock";
import { type EventSink, noEvents } from "#lib/events/event-sink";
import { eventTime } from "#lib/events/event-time";
import { type Destination, type QueueId, queueIdOf, type Time, type Uid } from "#lib/queue/unit";
import { type EventRecord, eventRecordVersion } from "#proto/event-record";

/** Verbs of the control API, as the action that senders' systems know. */
const actions = {
  "queue.hold": "hold",
  "queue.release": "release",
  "queue.retry": "retry",
  "queue.cancel": "cancel",
  "suppression.put": "suppress",
  "suppression.lift": "unsuppress",
  "measure.cancel": "cancelMeasure",
} as const;
export type CommandVerb = keyof typeof actions;

export interface Commanded
  extends Pick<EventRecord, "recipient" | "tenant" | "rule" | "measure" | "effect" | "entries"> {
  readonly destination?: Destination;
  /** A message, or one of its units. */
  readonly id?: QueueId | Uid;
  readonly reason?: string;
  /** Units that it reached at once; what it reaches later is not counted. */
  readonly units?: number;
  readonly until?: Time | undefined;
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

  tell(verb: CommandVerb, { id, reason, until, ...about }: Commanded): void {
    const { node } = this.#events;
    const at = eventTime(this.#clock.now());
    this.#told += 1;
    const eventId = `${node}/admin/${at}/${verb}/${this.#told}`;
    this.#events.emit("admin", () => ({
      v: eventRecordVersion,
      kind: "admin",
      eventId,
      at,
      node,
      action: actions[verb],
      destination: about.destination,
      recipient: about.recipient,
      tenant: about.tenant,
      ...idFields(id),
      reason: reason === "" ? undefined : reason,
      units: about.units,
      entries: about.entries,
      rule: about.rule,
      measure: about.measure,
      effect: about.effect,
      until: until === undefined ? undefined : eventTime(until),
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
