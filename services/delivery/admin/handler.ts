/** Answers operators over the bus: a worker for all the shards it owns, or one shard by itself. */
import type { BusHandler, BusRequest, Json } from "#lib/leases/bus";
import { shardOf } from "#lib/queue/shard";
import type { Destination } from "#lib/queue/unit";
import { recordsHandler, storeRecords } from "#lib/role/records";
import type { Hold } from "#lib/store/store";
import type { Stream } from "#lib/stream/stream";
import {
  adminAnswer,
  BadAdminMessage,
  type Changed,
  isAdminVerb,
  readAdminArguments,
} from "#proto/admin";
import { isRecordsVerb } from "#proto/records-request";
import type { Measures } from "../automation/measures.ts";
import type { DeliveryConfig } from "../config.ts";
import type { ShardOwner } from "../shard/owner.ts";
import { conditionOf } from "./condition.ts";
import { type ExplanationPorts, explainMessage } from "./explanation.ts";
import { listUnits, showMessage } from "./listing.ts";
import { summarize } from "./summary.ts";

/** What an answer is about. */
export interface AdminScope {
  readonly owners: readonly ShardOwner[];
  hold(hold: Hold): Changed;
  release(destination: Destination): Changed;
  readonly measures: Pick<Measures, "all" | "bind" | "heardBy" | "cancel">;
  /** Something was put on the suppression list. Resolves when it is known here. */
  lookForSuppressions(): Promise<void>;
}

export interface AdminPorts extends ExplanationPorts {
  readonly config: Pick<DeliveryConfig, "shards">;
  readonly stream: Stream;
}

export function adminHandler(scope: AdminScope, ports: AdminPorts): BusHandler {
  return (request) => answer(request, scope, ports);
}

/** @throws {BadAdminMessage} */
async function answer(request: BusRequest, scope: AdminScope, ports: AdminPorts): Promise<Json> {
  const { verb } = request;
  if (isRecordsVerb(verb)) return recordsHandler(storeRecords(ports.store))(request);
  if (!isAdminVerb(verb)) throw new BadAdminMessage(`Cannot answer "${verb}": no such verb`);
  switch (verb) {
    case "shard.status":
      return adminAnswer(verb, { shards: scope.owners.map(conditionOf) });
    case "queue.summary": {
      const { destination } = readAdminArguments(verb, request.arguments);
      const owners = ownersOf({ destination }, scope, ports);
      return adminAnswer(verb, { destinations: await summarize(owners, destination, ports.store) });
    }
    case "queue.list": {
      const asked = readAdminArguments(verb, request.arguments);
      const owners = ownersOf(asked, scope, ports);
      return adminAnswer(verb, await listUnits(owners, asked, ports.store));
    }
    case "queue.show": {
      const { id } = readAdminArguments(verb, request.arguments);
      return adminAnswer(verb, await showMessage(scope.owners, id, ports));
    }
    case "queue.explain": {
      const { id } = readAdminArguments(verb, request.arguments);
      return adminAnswer(verb, await explainMessage(scope.owners, id, ports));
    }
    case "queue.hold":
      return adminAnswer(verb, scope.hold(readAdminArguments(verb, request.arguments)));
    case "queue.release": {
      const { destination } = readAdminArguments(verb, request.arguments);
      return adminAnswer(verb, scope.release(destination));
    }
    case "suppressions.look":
      await scope.lookForSuppressions();
      return adminAnswer(verb, {});
    case "queue.retry": {
      const selection = readAdminArguments(verb, request.arguments);
      const owners = ownersOf(selection, scope, ports);
      return adminAnswer(verb, await sumOf(owners, (o) => o.commands.retry(selection)));
    }
    case "queue.cancel": {
      const selection = readAdminArguments(verb, request.arguments);
      const owners = ownersOf(selection, scope, ports);
      return adminAnswer(verb, await sumOf(owners, (o) => o.commands.cancel(selection)));
    }
    case "measure.list":
      return adminAnswer(verb, { measures: scope.measures.all });
    case "measure.bind":
      scope.measures.bind(readAdminArguments(verb, request.arguments).measures);
      return adminAnswer(verb, {});
    case "measure.heard": {
      const { by, counted } = readAdminArguments(verb, request.arguments);
      scope.measures.heardBy(by, counted);
      return adminAnswer(verb, {});
    }
    case "measure.cancel": {
      const { ids } = readAdminArguments(verb, request.arguments);
      return adminAnswer(verb, { cancelled: ids.filter((id) => scope.measures.cancel(id)) });
    }
  }
}

/** Those whose shard can have what is meant: the others' rows need not be looked through. */
function ownersOf(
  asked: object,
  { owners }: AdminScope,
  { config }: AdminPorts,
): readonly ShardOwner[] {
  const { destination }: { destination?: Destination } = asked;
  if (destination === undefined) return owners;
  const own = shardOf(destination, config.shards);
  return owners.filter(({ shard }) => shard === own);
}

async function sumOf(
  owners: readonly ShardOwner[],
  command: (owner: ShardOwner) => Promise<Changed>,
): Promise<Changed> {
  const changes = await Promise.all(owners.map(command));
  return {
    units: changes.reduce((sum, change) => sum + change.units, 0),
    destinations: changes.reduce((sum, change) => sum + change.destinations, 0),
  };
}
