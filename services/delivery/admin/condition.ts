/** A shard as its owner knows it: how far it is, and what holds it up. */
import type { ShardCondition } from "#proto/admin";
import type { ShardOwner } from "../shard/owner.ts";

export function conditionOf(owner: ShardOwner): ShardCondition {
  const { shard, epoch, floor, working } = owner;
  const heldUpBy = obstacleOf(owner);
  return {
    ...{ shard, epoch, floor, unsettled: working.unitCount, isLeaving: !owner.isReading },
    ...(heldUpBy === undefined ? {} : { heldUpBy }),
  };
}

/** The worst first. */
function obstacleOf(owner: ShardOwner): string | undefined {
  const { working, settlement, isStoreOpen, isJournalAway } = owner;
  if (isJournalAway) return "the journal does not answer: nothing new is tried";
  const isStoreAway = settlement.isFailing || !isStoreOpen;
  if (isStoreAway && !working.hasRoom) {
    return "the store is away, and there is no room for more: nothing is read";
  }
  if (settlement.isFailing) return "the store does not take what must be written";
  if (!isStoreOpen) return "the store is not open yet: what waits there is not tried";
  return working.hasRoom ? undefined : "there is no room for more until some is settled";
}
