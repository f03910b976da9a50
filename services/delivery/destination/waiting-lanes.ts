/**
 * Lanes of one destination that the same limit keeps back. They wait for it as one, so that it is
 * their tenants' turns, and not who asked first, that say who goes when something may go.
 */
import type { CancelTimer } from "#lib/clock";
import type { Refused } from "../attempt/pass.ts";
import type { Path } from "../path/paths.ts";
import type { DestinationQueue } from "./destination-queue.ts";
import type { Lane } from "./ready-queue.ts";

export class WaitingTogether {
  readonly refused: Refused;
  /** In the order in which it was their turn. */
  readonly lanes = new Set<Lane>();
  readonly cancels: CancelTimer[] = [];

  constructor(refused: Refused) {
    this.refused = refused;
  }
}

export class WaitingLanes {
  readonly #groups = new WeakMap<DestinationQueue, Map<string, WaitingTogether>>();

  /** Of whom the lane would be one if it asked; `hasIdle`: it needs no connection. */
  find(queue: DestinationQueue, path: Path, hasIdle: boolean): WaitingTogether | undefined {
    const groups = this.#groups.get(queue);
    if (groups === undefined) return undefined;
    for (const bound of path.bound) {
      const isNeeded = !hasIdle || !isOfConnections(bound.limit.kind);
      const group = isNeeded ? groups.get(groupKey(bound, path)) : undefined;
      if (group !== undefined) return group;
    }
    return undefined;
  }

  /** New: nobody of its like waits. */
  open(queue: DestinationQueue, refused: Refused, path: Path | undefined): WaitingTogether {
    const group = new WaitingTogether(refused);
    const groups = this.#groups.get(queue) ?? new Map<string, WaitingTogether>();
    this.#groups.set(queue, groups);
    const key = groupKey(refused.binding, path);
    groups.set(key, group);
    group.cancels.push(() => {
      if (groups.get(key) === group) groups.delete(key);
      if (groups.size === 0) this.#groups.delete(queue);
    });
    return group;
  }
}

/** An idle connection is of use for those alone that may use it. */
function groupKey({ key, limit }: Refused["binding"], path: Path | undefined): string {
  return isOfConnections(limit.kind) ? `${key}\n${path?.connectionKey ?? ""}` : key;
}

export function isOfConnections(kind: string): boolean {
  return kind === "connections" || kind === "newConnections";
}
