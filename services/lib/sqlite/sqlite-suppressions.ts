/** The embedded inhabitant of SuppressionList. */
import type {
  SuppressionFilters,
  SuppressionList,
  SuppressionNews,
  SuppressionPage,
} from "#lib/store/suppression-list";
import type { Suppression, SuppressionId } from "#lib/suppression/suppression";
import type { QueueThread } from "./queue-thread.ts";
import { known } from "./store-answer.ts";

export class SqliteSuppressions implements SuppressionList {
  readonly #thread: QueueThread;

  constructor(thread: QueueThread) {
    this.#thread = thread;
  }

  put(entries: readonly Suppression[]): Promise<void> {
    return known(this.#thread.call("putSuppressions", entries));
  }

  lift(ids: readonly SuppressionId[]): Promise<void> {
    return known(this.#thread.call("liftSuppressions", ids));
  }

  find(ids: readonly SuppressionId[]): Promise<readonly Suppression[]> {
    return known(this.#thread.call("findSuppressions", ids));
  }

  page(filters: SuppressionFilters): Promise<SuppressionPage> {
    return known(this.#thread.call("suppressionPage", filters));
  }

  tenants(limit: number): Promise<readonly string[]> {
    return known(this.#thread.call("suppressionTenants", limit));
  }

  news(since?: string): Promise<SuppressionNews> {
    return known(this.#thread.call("suppressionNews", since));
  }
}
