/** When a second node is asked the same, because the first is slow to answer. */
import type { policies } from "cassandra-driver";

/** Reads answer in a few milliseconds: after this a node has stopped, or collects garbage. */
const readMs = 50;
/** A second write is work for all replicas, so it waits longer. */
const writeMs = 500;

type Policy = policies.speculativeExecution.SpeculativeExecutionPolicy;

/** For the whole client: in an execution profile it has no effect (driver 4.10). */
export class Impatience implements Policy {
  init(): void {}

  shutdown(): void {}

  getOptions(): Map<string, object> {
    return new Map();
  }

  /** `query` is a list of statements for a batch. */
  newPlan(_keyspace: string, query: string | readonly object[]) {
    const isRead = typeof query === "string" && query.startsWith("SELECT");
    let asked = 0;
    return {
      nextExecution: () => {
        asked += 1;
        if (asked > 1) return -1;
        return isRead ? readMs : writeMs;
      },
    };
  }
}
