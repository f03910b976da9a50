/** Answers operators over the bus: a worker for all the shards it owns, or one shard by itself. */
import type { BusHandler, BusRequest, Json } from "#lib/leases/bus";
import type { Destination } from "#lib/queue/unit";
import { recordsHandler, storeRecords } from "#lib/role/records";
import type { Hold, Store } from "#lib/store/store";
import type { Stream } from "#lib/stream/stream";
import {
  adminAnswer,
  BadAdminMessage,
  type Changed,
  isAdminVerb,
  readAdminArguments,
} from "#proto/admin";
import { isRecordsVerb } from "#proto/records-request";
import type { ShardOwner } from "../shard/owner.ts";
import { conditionOf } from "./condition.ts";
import { listUnits, showMessage } from "./listing.ts";
import { summarize } from "./summary.ts";

/** What an answer is about. */
export interface AdminScope {
  readonly owners: readonly ShardOwner[];
  hold(hold: Hold): Changed;
  release(destination: Destination): Changed;
}

export interface AdminPorts {
  readonly store: Store;
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
      const destinations = await summarize(scope.owners, destination, ports.store);
      return adminAnswer(verb, { destinations });
    }
    case "queue.list": {
      const asked = readAdminArguments(verb, request.arguments);
      return adminAnswer(verb, await listUnits(scope.owners, asked, ports.store));
    }
    case "queue.show": {
      const { id } = readAdminArguments(verb, request.arguments);
      return adminAnswer(verb, await showMessage(scope.owners, id, ports));
    }
    case "queue.hold":
      return adminAnswer(verb, scope.hold(readAdminArguments(verb, request.arguments)));
    case "queue.release": {
      const { destination } = readAdminArguments(verb, request.arguments);
      return adminAnswer(verb, scope.release(destination));
    }
    case "queue.retry": {
      const selection = readAdminArguments(verb, request.arguments);
      return adminAnswer(verb, await sumOf(scope.owners, (o) => o.commands.retry(selection)));
    }
    case "queue.cancel": {
      const selection = readAdminArguments(verb, request.arguments);
      return adminAnswer(verb, await sumOf(scope.owners, (o) => o.commands.cancel(selection)));
    }
  }
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
