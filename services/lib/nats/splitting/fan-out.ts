/** From a message to several destinations to the letters that put its units into their shards. */
import { assert } from "#lib/assert";
import { allShards, fnv1a32, shardOf } from "#lib/queue/shard";
import { bodyHeader, decodeFrame, encodeFrame } from "#proto/frame";
import { UndecodableRecord } from "#proto/record";
import { decodeSplit } from "#proto/split";
import type { ClusterNames } from "#proto/subjects";
import { decodeUnit } from "#proto/unit";
import type { Letter } from "../publishing/persistent-publisher.ts";

export interface SplitMessage {
  readonly data: Uint8Array;
  /** The message's queue id. */
  readonly id: string;
  /** Where its content stands, as its header says. */
  readonly body?: string;
}

export interface FanOut {
  readonly letters: readonly Letter[];
  /** Why some of them are what nobody can read; their shards' owners park them. */
  readonly poison: readonly string[];
}

export interface FanOutPlace {
  readonly names: ClusterNames;
  readonly shards: number;
}

/** In the place of the destination of what nobody can read. */
const undecodable = "undecodable";
const nothing = new Uint8Array();

/** Ids follow from the message's: a fan-out that is repeated puts each unit there once. */
export function fanOut(message: SplitMessage, place: FanOutPlace): FanOut {
  const poison: string[] = [];
  const headers = message.body === undefined ? undefined : { [bodyHeader]: message.body };
  try {
    const { record, content } = decodeFrame(message.data);
    const letters = decodeSplit(record).units.map((unit, n) => {
      const where = placeOf(unit, place, poison);
      const letter = { id: `${message.id}.${n}`, data: encodeFrame({ record: unit, content }) };
      return headers === undefined ? { ...letter, ...where } : { ...letter, ...where, headers };
    });
    return { letters, poison };
  } catch (error) {
    if (!(error instanceof UndecodableRecord)) throw error;
    return { letters: [wholeOf(message, place)], poison: [error.message] };
  }
}

/** All of it as the record of a unit, its content too: what is parked is kept. */
function wholeOf({ id, data }: SplitMessage, place: FanOutPlace): Letter {
  const letter = { id: `${id}.0`, data: encodeFrame({ record: data, content: nothing }) };
  return { ...letter, ...poisonPlace(data, place) };
}

function placeOf(
  record: Uint8Array,
  place: FanOutPlace,
  poison: string[],
): Pick<Letter, "subject" | "stream"> {
  const { names, shards } = place;
  try {
    const { destination, lane } = decodeUnit(record);
    const shard = shardOf(destination, shards);
    return {
      subject: names.unitSubject(shard, lane, destination),
      stream: names.shardStream(shard),
    };
  } catch (error) {
    if (!(error instanceof UndecodableRecord)) throw error;
    poison.push(error.message);
    return poisonPlace(record, place);
  }
}

/** Any shard, but the same for the same bytes. */
function poisonPlace(record: Uint8Array, { names, shards }: FanOutPlace) {
  const hash = fnv1a32(Buffer.from(record).toString("latin1"));
  const shard = allShards(shards)[hash % shards];
  assert(shard !== undefined, "a remainder is below the number of shards");
  const subject = names.laneFilter(shard, "n").replace(">", undecodable);
  return { subject, stream: names.shardStream(shard) };
}
