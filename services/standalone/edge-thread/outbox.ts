/**
 * Gathers what the edge's thread has to tell: to wake the other thread costs a tenth of what a
 * message does.
 */
import type { Clock } from "#lib/clock";
import type { Span } from "#lib/telemetry/tracing";
import type { EventRecord } from "#proto/event-record";
import type { Counted, HandedIn, Told } from "./protocol.ts";

export interface OutboxPorts {
  readonly post: (told: Told) => void;
  /** Calls the task once this turn of the event loop has read all sockets that have something. */
  readonly endOfTurn: (task: () => void) => void;
  readonly clock: Clock;
}

/**
 * Nobody waits for lines and counts, so they go along with what is handed in, or so much later: not
 * later still, lest the log tell of a delivery before it tells of the message.
 */
const patienceMs = 1;

export class Outbox {
  readonly #ports: OutboxPorts;
  #handedIn: HandedIn[] = [];
  #lines: string[] = [];
  #counted: Counted[] = [];
  #events: (() => EventRecord)[] = [];
  #spans: Span[] = [];
  /** Only the last of them counts, and there are many. */
  #contentBytes: Counted | undefined;
  #isTurnAwaited = false;
  #isTimerSet = false;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  handIn(handedIn: HandedIn): void {
    this.#handedIn.push(handedIn);
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    this.#ports.endOfTurn(() => {
      this.#isTurnAwaited = false;
      this.flush();
    });
  }

  line(text: string): void {
    this.#lines.push(text);
    this.#soon();
  }

  count(counted: Counted): void {
    if (counted[0] === "contentBytesHeld") this.#contentBytes = counted;
    else this.#counted.push(counted);
    this.#soon();
  }

  /** `record` is made when it goes, away from the path of the mail. */
  event(record: () => EventRecord): void {
    this.#events.push(record);
    this.#soon();
  }

  span(span: Span): void {
    this.#spans.push(span);
    this.#soon();
  }

  flush(): void {
    const counted = this.#counted;
    if (this.#contentBytes !== undefined) counted.push(this.#contentBytes);
    const events = this.#events.map((record) => record());
    const spans = this.#spans;
    const told: Told = { handedIn: this.#handedIn, lines: this.#lines, counted, events, spans };
    if (Object.values(told).every(({ length }) => length === 0)) return;
    this.#handedIn = [];
    this.#lines = [];
    this.#counted = [];
    this.#events = [];
    this.#spans = [];
    this.#contentBytes = undefined;
    this.#ports.post(told);
  }

  #soon(): void {
    if (this.#isTimerSet) return;
    this.#isTimerSet = true;
    this.#ports.clock.after(patienceMs, () => {
      this.#isTimerSet = false;
      this.flush();
    });
  }
}
