/** Keeps what is known of a destination's site up to date, while something waits for it. */
import type { DestinationQueue } from "../destination/destination-queue.ts";
import type { Located, Sites } from "./site.ts";

export class Locating {
  readonly #sites: Sites;
  readonly #running = new Set<DestinationQueue>();

  constructor(sites: Sites) {
    this.#sites = sites;
  }

  /** `then` is called when it is known where mail for a new destination goes. */
  locate(queue: DestinationQueue, then: (queue: DestinationQueue) => void): void {
    const { located, destination } = queue;
    if (located !== undefined && !this.#sites.isStale(located)) return;
    const known = this.#sites.known(destination);
    if (known !== undefined) learn(queue, known);
    else if (!this.#running.has(queue)) void this.#find(queue, then);
  }

  /** An older answer is good enough meanwhile. */
  async #find(queue: DestinationQueue, then: (queue: DestinationQueue) => void): Promise<void> {
    this.#running.add(queue);
    try {
      learn(queue, await this.#sites.find(queue.destination));
    } finally {
      this.#running.delete(queue);
    }
    then(queue);
  }
}

/** The same site stays the same object: what was made of it stays, too. */
function learn(queue: DestinationQueue, found: Located): void {
  const before = queue.located?.site;
  const isSame = before?.key === found.site.key && before.provider === found.site.provider;
  queue.located = isSame ? { ...found, site: before } : found;
}
