/** Roles that run nothing, and note how they were started. */
import type { RoleName } from "#lib/config/role";
import type { ServerReport } from "#lib/role/cluster/schema";
import type { EventsOptions, Roles, SchemaOptions, Started } from "../../../services/cli/roles.ts";

export class NotedRoles implements Roles {
  readonly started: (Started & { readonly role: RoleName })[] = [];
  readonly settled: SchemaOptions[] = [];
  /** What the schema turns out to be. */
  reports: readonly ServerReport[] = [];
  /** What is followed, and how it was asked for. */
  eventLines: readonly string[] = [];
  readonly followed: EventsOptions[] = [];
  exitCode = 0;
  readonly standalone = this.#noted("standalone");
  readonly edge = this.#noted("edge");
  readonly delivery = this.#noted("delivery");
  readonly control = this.#noted("control");
  readonly events = (_: unknown, options: EventsOptions) => this.#follow(options);

  async schema(_: unknown, options: SchemaOptions): Promise<readonly ServerReport[]> {
    this.settled.push(options);
    return this.reports;
  }

  async *#follow(options: EventsOptions): AsyncGenerator<string> {
    this.followed.push(options);
    yield* this.eventLines;
  }

  #noted(role: RoleName) {
    return async (started: Started) => {
      this.started.push({ role, ...started });
      return this.exitCode;
    };
  }
}
