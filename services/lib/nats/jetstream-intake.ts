/** Intake on JetStream: one publish is one decision (DESIGN §4.3, ADR 0009). */
import type { JetStreamManager } from "@nats-io/jetstream";
import { assert } from "#lib/assert";
import { shardOf } from "#lib/queue/shard";
import type { Message } from "#lib/queue/unit";
import { type Intake, IntakeFull, IntakeUnavailable } from "#lib/stream/intake";
import { type BodyReference, bodyHeader, bodyReferenceText, encodeFrame } from "#proto/frame";
import { encodeSplit } from "#proto/split";
import { bucketStream, type ClusterNames, keySubject } from "#proto/subjects";
import { encodeUnit } from "#proto/unit";
import type { BodyStore } from "./body-store.ts";
import type { Fate, Letter, PersistentPublisher } from "./publishing/persistent-publisher.ts";
import type { Publishability } from "./publishing/publishability.ts";

export interface JetStreamIntakePorts {
  readonly names: ClusterNames;
  readonly shards: number;
  readonly publisher: PersistentPublisher;
  readonly bodies: BodyStore;
  readonly manager: JetStreamManager;
  readonly publishability: Pick<Publishability, "isFull">;
  /** What the server takes in one message. */
  readonly payloadBytesMax: () => number;
}

/** Content up to here travels with its unit. */
const inlineBytesMax = 1024 * 1024;
/** A split is multiplied when it is fanned out: so much is, at most. */
const multipliedBytesMax = 4 * 1024 * 1024;
/** Room for headers in a message. */
const headerBytesMax = 4 * 1024;

const nothing = new Uint8Array();

export class JetStreamIntake implements Intake {
  readonly #ports: JetStreamIntakePorts;

  constructor(ports: JetStreamIntakePorts) {
    this.#ports = ports;
  }

  async accept(message: Message): Promise<void> {
    assert(message.units.length > 0, "a message has at least one unit");
    if (message.isRepeatable && (await this.#isKnown(message))) return;
    this.#mustHaveRoom(message);
    const { record, ...place } = this.#placeOf(message);
    const isInline = this.#fitsInline(message, record.length);
    const reference = isInline ? undefined : await this.#putBody(message);
    const content = isInline ? message.content : nothing;
    const headers = reference && { [bodyHeader]: bodyReferenceText(reference) };
    const letter = { ...place, data: encodeFrame({ record, content }) };
    const fate = await this.#publish(headers === undefined ? letter : { ...letter, headers });
    if (fate.kind !== "stored") throw await this.#failure(message, fate, reference);
    if (message.isRepeatable) await this.#remember(message);
  }

  /**
   * Of several units one may be for a shard that is full: all of the message would stand on SPLIT, and
   * when enough of them do nobody's is fanned out any more. With one unit its own stream says so.
   */
  #mustHaveRoom({ id, units }: Message): void {
    const { names, shards, publishability } = this.#ports;
    if (units.length < 2) return;
    for (const { destination } of units) {
      const stream = names.shardStream(shardOf(destination, shards));
      if (!publishability.isFull(stream)) continue;
      throw new IntakeFull(`Cannot accept "${id}": ${stream}, for ${destination}, is full`);
    }
  }

  #placeOf({ id, units }: Message): Pick<Letter, "id" | "subject" | "stream"> & {
    readonly record: Uint8Array;
  } {
    const { names, shards } = this.#ports;
    const [unit, second] = units;
    assert(unit !== undefined, "a message has at least one unit");
    if (second !== undefined) {
      const record = encodeSplit({ units: units.map(encodeUnit) });
      return { id, subject: names.splitSubject, stream: names.splitStream, record };
    }
    const shard = shardOf(unit.destination, shards);
    const subject = names.unitSubject(shard, unit.lane, unit.destination);
    return { id: unit.uid, subject, stream: names.shardStream(shard), record: encodeUnit(unit) };
  }

  #fitsInline({ content, units }: Message, recordBytes: number): boolean {
    if (content.length > inlineBytesMax) return false;
    if (units.length > 1 && content.length * units.length > multipliedBytesMax) return false;
    return content.length + recordBytes + headerBytesMax <= this.#ports.payloadBytesMax();
  }

  async #putBody({ id, content, units }: Message): Promise<BodyReference> {
    const put = await this.#ports.bodies.put(id, content, units.length);
    if (!("kind" in put)) return put;
    throw await this.#failure({ id }, put, { chunks: 1, units: 1 });
  }

  #publish(letter: Letter): Promise<Fate> {
    return this.#ports.publisher.publish(letter);
  }

  /** What was not kept needs no content either; it would go with its age. */
  async #failure(
    { id }: Pick<Message, "id">,
    fate: Fate,
    reference: BodyReference | undefined,
  ): Promise<Error> {
    const reason = "reason" in fate ? fate.reason : "";
    if (fate.kind !== "full") return new IntakeUnavailable(`Cannot accept "${id}": ${reason}`);
    try {
      if (reference !== undefined) await this.#ports.bodies.remove(id);
    } catch (cause) {
      return new IntakeUnavailable(`Cannot accept "${id}": ${reason}`, { cause });
    }
    return new IntakeFull(`Cannot accept "${id}": ${reason}`);
  }

  async #isKnown({ id }: Message): Promise<boolean> {
    const { once } = this.#ports.names.buckets;
    try {
      const query = { last_by_subj: keySubject(once, id) };
      // A replica that lags behind is no harm: the stream itself knows the id for as long.
      return (await this.#ports.manager.direct.getMessage(bucketStream(once), query)) !== null;
    } catch (cause) {
      throw new IntakeUnavailable(`Cannot tell whether "${id}" was accepted before`, { cause });
    }
  }

  /** When this fails the caller repeats, and the stream knows the id for the duplicate window. */
  async #remember({ id }: Message): Promise<void> {
    const { once } = this.#ports.names.buckets;
    const stream = bucketStream(once);
    const key = { id: `${id}/once`, subject: keySubject(once, id), stream, data: nothing };
    const fate = await this.#publish(key);
    if (fate.kind === "stored") return;
    throw new IntakeUnavailable(`Cannot remember that "${id}" was accepted: ${fate.reason}`);
  }
}
