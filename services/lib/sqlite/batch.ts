/** Group commit: what gathered while the last batch was written is one transaction, one fsync. */
import type { Database } from "bun:sqlite";
import type { Call, QueueTables } from "./tables/operations.ts";

/** What an operation gave, or why it did nothing. */
export type Answer = { readonly value: unknown } | { readonly failure: Failure };

/** An error as it crosses to another thread: by name, since its class would be lost. */
export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** Thrown by an operation before it wrote anything: the others of its batch go on. */
const refusals: readonly string[] = [
  "IntakeFull",
  "JournalSealed",
  "Fenced",
  "IdempotencyUnavailable",
];

export class BatchRunner {
  readonly #tables: QueueTables;
  readonly #begin: () => unknown;
  readonly #commit: () => unknown;
  readonly #rollback: () => unknown;

  constructor(database: Database, tables: QueueTables) {
    this.#tables = tables;
    // Prepared once: they run with every batch.
    const [begin, commit] = [database.query("BEGIN IMMEDIATE"), database.query("COMMIT")];
    this.#begin = () => begin.run();
    this.#commit = () => commit.run();
    this.#rollback = () => {
      // SQLite has rolled back by itself after some faults, a full disk among them.
      if (database.inTransaction) database.run("ROLLBACK");
    };
  }

  /** Answers in the order of the calls, and only when everything is durable. */
  run(calls: readonly Call[]): readonly Answer[] {
    const together = this.#transaction(calls);
    if (!(together instanceof Error)) return together;
    if (calls.length === 1) return [{ failure: failureOf(together) }];
    // One of them cannot be done: the others must not suffer for it.
    return calls.map((call) => {
      const alone = this.#transaction([call]);
      return alone instanceof Error
        ? { failure: failureOf(alone) }
        : (alone[0] ?? { value: undefined });
    });
  }

  #transaction(calls: readonly Call[]): readonly Answer[] | Error {
    try {
      this.#begin();
      const answers = calls.map((call) => this.#answer(call));
      this.#tables.beforeCommit();
      this.#commit();
      return answers;
    } catch (error) {
      this.#rollback();
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** The arguments were checked by the compiler where the call was made. */
  #answer({ name, args }: Call): Answer {
    try {
      return { value: Reflect.apply(this.#tables.operations[name], undefined, args) };
    } catch (error) {
      if (error instanceof Error && refusals.includes(error.name)) {
        return { failure: failureOf(error) };
      }
      throw error;
    }
  }
}

function failureOf(error: Error): Failure {
  const isFull = "code" in error && error.code === "SQLITE_FULL";
  return { name: isFull ? "IntakeFull" : error.name, message: error.message };
}
