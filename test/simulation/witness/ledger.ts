/** What is known from outside: each message that was stored, each copy that a mail exchanger has, each end. */
import type { Epoch } from "#lib/leases/leases";
import { shardOf } from "#lib/queue/shard";
import type { Message, QueueId, Shard, Uid, Unit } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";

/** One copy of a message in a recipient's mailbox. */
export interface Copy {
  readonly writer: Incarnation;
  readonly atMs: number;
  /** The shard's epoch when it came. */
  readonly epoch: Epoch | undefined;
  /** The final dot was answered with 250. */
  isAnswered: boolean;
  /** The worker may not have got that answer, or not in time. */
  isDoubtful: boolean;
  /** The worker's journal says that it was delivered. */
  isConfirmed: boolean;
}

export interface RecipientState {
  readonly path: string;
  readonly copies: Copy[];
  /** As the journals say. */
  end: "delivered" | "permanent" | "expired" | undefined;
}

export interface UnitState {
  readonly unit: Unit;
  readonly message: MessageState;
  readonly shard: Shard;
  /** Its place in the shard's log; 0 as long as it has none. */
  sequence: number;
  readonly recipients: ReadonlyMap<string, RecipientState>;
}

export interface MessageState {
  readonly id: QueueId;
  readonly units: UnitState[];
  /** As stored, one character for each octet. */
  readonly content: string;
  /** Actions told of, by the recipient's path. */
  readonly notified: Map<string, Set<string>>;
  /** A client was told 250, or it is ours. */
  isPromised: boolean;
}

/** One entry of a shard's log. */
interface LogPlace {
  readonly uid: Uid;
  isSettled: boolean;
}

export interface ShardState {
  readonly log: LogPlace[];
  /** Everything up to here is known to be settled. */
  settledThrough: number;
  owner: Incarnation | undefined;
  epoch: Epoch | undefined;
  /** The owner has told its first checkpoint: it knows all that was settled before. */
  isStarted: boolean;
  checkpointedFloor: number;
}

export class Ledger {
  readonly shards: readonly ShardState[];
  readonly messages = new Map<QueueId, MessageState>();
  readonly units = new Map<Uid, UnitState>();
  readonly #byContent = new Map<string, MessageState>();
  readonly #byName = new Map<string, MessageState>();

  constructor(shards: number) {
    this.shards = Array.from({ length: shards }, () => ({
      log: [],
      settledThrough: 0,
      owner: undefined,
      epoch: undefined,
      isStarted: false,
      checkpointedFloor: 0,
    }));
  }

  shard(shard: Shard): ShardState {
    const state = this.shards[shard];
    if (state === undefined) throw new Error(`Cannot find shard ${shard}: there is none`);
    return state;
  }

  /** A message that is there already is the same message. */
  stored(message: Message): MessageState | undefined {
    if (this.messages.has(message.id)) return undefined;
    const state: MessageState = {
      id: message.id,
      units: [],
      content: textOf(message.content),
      notified: new Map(),
      isPromised: false,
    };
    for (const unit of message.units) {
      const shard = shardOf(unit.destination, this.shards.length);
      const recipients = new Map(unit.recipients.map(({ path }) => [path, newRecipient(path)]));
      const unitState = { unit, message: state, shard, sequence: 0, recipients };
      state.units.push(unitState);
      this.units.set(unit.uid, unitState);
      const { envid } = unit.envelope;
      if (envid !== undefined) this.#byName.set(envid, state);
    }
    this.messages.set(message.id, state);
    this.#byContent.set(state.content, state);
    return state;
  }

  /** The unit has come to its shard's log. */
  published({ uid }: Unit): void {
    const state = this.units.get(uid);
    if (state === undefined) return;
    const { log } = this.shard(state.shard);
    log.push({ uid, isSettled: false });
    state.sequence = log.length;
  }

  /** The message of these very bytes. */
  ofContent(content: Uint8Array): MessageState | undefined {
    return this.#byContent.get(textOf(content));
  }

  /** The message that a client sent under this ENVID. */
  named(envid: string): MessageState | undefined {
    return this.#byName.get(envid);
  }

  settled(shard: Shard, sequence: number): void {
    const state = this.shard(shard);
    const place = state.log[sequence - 1];
    if (place !== undefined) place.isSettled = true;
    while (state.log[state.settledThrough]?.isSettled) state.settledThrough += 1;
  }
}

function newRecipient(path: string): RecipientState {
  return { path, copies: [], end: undefined };
}

/** Octets as text, one character each. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
