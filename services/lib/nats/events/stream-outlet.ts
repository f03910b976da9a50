/**
 * Publishes events into the cluster's stream for them: a message is a batch of JSON lines of one kind,
 * so that consumers filter by subject, and NATS has little to do (ADR 0018).
 */
import { nuid } from "@nats-io/transport-node";
import type { Clock } from "#lib/clock";
import type { EventBatch, EventOutlet } from "#lib/events/batching-sink";
import { type EventKind, type EventRecord, encodeEventRecords } from "#proto/event-record";
import type { ClusterNames } from "#proto/subjects";
import type { NatsLinks } from "../connection.ts";
import type { InFlightLimit } from "../publishing/in-flight.ts";
import { type Letter, PersistentPublisher } from "../publishing/persistent-publisher.ts";
import { Publisher } from "../publishing/publisher.ts";

export interface StreamOutletPorts {
  readonly names: ClusterNames;
  readonly publisher: Pick<PersistentPublisher, "publish">;
  /** Called once, at the end. */
  readonly closed?: () => void;
  /** Unlike that of any other process, before or beside this one: message ids begin with it. */
  readonly writer: string;
}

/** Far below what a server takes in a message (1 MiB), so that mail never waits long behind it. */
const lettersBytesMax = 256 * 1024;

/** Mail goes first: what is more waits in memory. */
const inFlightMax: InFlightLimit = { countMax: 16, bytesMax: 4 * 1024 * 1024 };

export interface StreamOutletOptions {
  readonly links: Pick<NatsLinks, "publishLink">;
  readonly names: ClusterNames;
  readonly clock: Clock;
  readonly node: string;
}

export class StreamOutlet implements EventOutlet {
  readonly #ports: StreamOutletPorts;

  /** Over the connection of the mail, which stays with whoever made it. */
  static open({ links, names, clock, node }: StreamOutletOptions): StreamOutlet {
    const link = links.publishLink;
    const single = new Publisher({ link, clock });
    const publisher = new PersistentPublisher({
      link,
      publisher: single,
      clock,
      limit: inFlightMax,
    });
    const writer = `${node}/${nuid.next()}`;
    return new StreamOutlet({ names, publisher, writer, closed: () => single.close() });
  }

  constructor(ports: StreamOutletPorts) {
    this.#ports = ports;
  }

  /** The same batch makes the same messages: what is stored already is known to the stream. */
  async write({ n, records }: EventBatch): Promise<void> {
    const { publisher } = this.#ports;
    const letters = [...byKind(records)].flatMap(([kind, ofKind]) =>
      texts(ofKind).map((text, i) => this.#letter(kind, text, `${n}.${i}`)),
    );
    const fates = await Promise.all(letters.map((letter) => publisher.publish(letter)));
    for (const fate of fates) {
      if (fate.kind !== "stored") throw new Error(`Cannot publish events: ${fate.reason}`);
    }
  }

  async close(): Promise<void> {
    this.#ports.closed?.();
  }

  #letter(kind: EventKind, text: string, number: string): Letter {
    const { names, writer } = this.#ports;
    return {
      id: `${writer}/${kind}/${number}`,
      subject: names.eventSubject(kind),
      stream: names.eventsStream,
      data: Buffer.from(text),
    };
  }
}

function byKind(records: readonly EventRecord[]): ReadonlyMap<EventKind, readonly EventRecord[]> {
  const groups = new Map<EventKind, EventRecord[]>();
  for (const record of records) {
    const group = groups.get(record.kind);
    if (group === undefined) groups.set(record.kind, [record]);
    else group.push(record);
  }
  return groups;
}

/** As few as may be, none of them too large; a record is far smaller than that. */
function texts(records: readonly EventRecord[]): readonly string[] {
  const text = encodeEventRecords(records);
  if (text.length <= lettersBytesMax || records.length === 1) return [text];
  const half = records.length >> 1;
  return [...texts(records.slice(0, half)), ...texts(records.slice(half))];
}
