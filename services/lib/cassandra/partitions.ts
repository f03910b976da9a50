/** Statements gathered by the partition that they are about: each goes in batches of its own. */
import type { PartitionWrite, Statement } from "./driver/requests.ts";

export class Partitions {
  readonly #stamp: number | undefined;
  readonly #partitions = new Map<string, Statement[]>();

  constructor(stamp?: number) {
    this.#stamp = stamp;
  }

  add(partition: string, statement: Statement): void {
    const statements = this.#partitions.get(partition);
    if (statements === undefined) this.#partitions.set(partition, [statement]);
    else statements.push(statement);
  }

  writes(): readonly PartitionWrite[] {
    const stamp = this.#stamp === undefined ? {} : { stamp: this.#stamp };
    return [...this.#partitions.values()].map((statements) => ({ statements, ...stamp }));
  }
}
