/** Keeps what is known of a destination's site up to date, while something waits for it. */
import type { DestinationQueue } from "../destination/destination-queue.ts";
import type { Located, Sites } from "./site.ts";

/** What becomes of a destination whose site was looked for. */
export interface Learner {
  /** Its mail goes elsewhere than before, or shares others' limits: what waits must ask anew. */
  readonly moved: (queue: DestinationQueue) => void;
  /** It was not known at once. */
  readonly found: (queue: DestinationQueue) => void;
}

export class Locating {
  readonly #sites: Sites;
  readonly #running = new Set<DestinationQueue>();

  constructor(sites: Sites) {
    this.#sites = sites;
  }

  /** Cheap while what is known is fresh. */
  locate(queue: DestinationQueue, learner: Learner): void {
    const { located, destination } = queue;
    if (located !== undefined && !this.#sites.isStale(located)) return;
    const known = this.#sites.known(destination);
    if (known !== undefined) learn(queue, known, learner);
    else if (!this.#running.has(queue)) void this.#find(queue, learner);
  }

  /** An older answer is good enough meanwhile. */
  async #find(queue: DestinationQueue, learner: Learner): Promise<void> {
    this.#running.add(queue);
    try {
      learn(queue, await this.#sites.find(queue.destination), learner);
    } finally {
      this.#running.delete(queue);
    }
    learner.found(queue);
  }
}

/** The same site stays the same object: what was made of it stays, too. */
function learn(queue: DestinationQueue, found: Located, { moved }: Learner): void {
  const before = queue.located?.site;
  const isSame = before?.key === found.site.key && before.provider === found.site.provider;
  queue.located = isSame ? { ...found, site: before } : found;
  if (before !== undefined && !isSame) moved(queue);
}
