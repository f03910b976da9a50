/** Which fixed fraction of the destinations a destination belongs to. */
import { assert } from "#lib/assert";
import type { Mailbox } from "#lib/smtp/path";
import type { Destination, Shard } from "./unit.ts";

const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/** FNV-1a, 32 bits, over the octets of ASCII text. */
export function fnv1a32(text: string): number {
  let hash = offsetBasis;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), prime);
  }
  return hash >>> 0;
}

/** The shard map. It never changes for a queue in use: a unit must be found where it was put. */
export function shardOf(destination: Destination, shards: number): Shard {
  assert(Number.isInteger(shards) && shards > 0, "a queue has at least one shard");
  return (fnv1a32(destination) % shards) as Shard;
}

/** All shards of a queue that has so many. */
export function allShards(shards: number): readonly Shard[] {
  return Array.from({ length: shards }, (_, n) => n as Shard);
}

/** Of what nobody can read, so that it has no destination either. */
export const unknownDestination = "" as Destination;

/** Where mail for this mailbox is queued: its domain, or the address literal, in lower case. */
export function destinationOf(mailbox: Mailbox): Destination {
  const host = "domain" in mailbox ? mailbox.domain : mailbox.addressLiteral;
  return host.toLowerCase() as Destination;
}

/**
 * The member with the highest rendezvous hash for this shard: everybody computes the same without
 * asking, and when a member goes only its own shards move.
 */
export function ownerOf<Member extends string>(
  shard: Shard,
  members: readonly Member[],
): Member | undefined {
  let owner: Member | undefined;
  let highest = -1;
  for (const member of members) {
    const weight = mix(fnv1a32(`${shard}/${member}`));
    if (weight > highest || (weight === highest && owner !== undefined && member < owner)) {
      highest = weight;
      owner = member;
    }
  }
  return owner;
}

/** FNV's last octets stir the high bits too little to compare by: a finalizer evens it out. */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
