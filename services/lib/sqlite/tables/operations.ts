/**
 * What the queue's thread does for the rest of the process, by name. Arguments and results cross as
 * copies. An operation either does all of its writing or throws before the first of it; or the
 * whole batch is rolled back.
 */
import type { Database } from "bun:sqlite";
import { BounceTables } from "./bounce-tables.ts";
import { JournalTable } from "./journal-table.ts";
import { KeyTable } from "./key-table.ts";
import { LeaseTable } from "./lease-table.ts";
import { LogTable } from "./log-table.ts";
import { MeasureTable } from "./measure-table.ts";
import { RecordTables } from "./record-tables.ts";
import { Retention, type RetentionPorts } from "./retention.ts";
import type { Room } from "./room.ts";
import { SuppressionTable } from "./suppression-table.ts";
import { UnitTable } from "./unit-table.ts";
import { WaitingTables } from "./waiting-tables.ts";

export interface QueueTables {
  readonly operations: Operations;
  /** What has to be written before a commit. */
  readonly beforeCommit: () => void;
}

export type Operations = ReturnType<typeof operationsOn>;
export type OperationName = keyof Operations;

/** A call as it crosses to the thread. */
export interface Call {
  readonly name: OperationName;
  readonly args: readonly unknown[];
}

export function queueTables(
  database: Database,
  ports: { readonly room: Room } & RetentionPorts,
): QueueTables {
  const log = new LogTable(database, ports);
  const operations = operationsOn(database, { ...ports, log });
  return { operations, beforeCommit: () => log.persistEnds() };
}

function operationsOn(
  database: Database,
  ports: { readonly log: LogTable; readonly room: Room } & RetentionPorts,
) {
  const { log, clock } = ports;
  const journal = new JournalTable(database, { log, clock });
  const waiting = new WaitingTables(database);
  const units = new UnitTable(database, { waiting, clock });
  const records = new RecordTables(database);
  const measures = new MeasureTable(database);
  const suppressions = new SuppressionTable(database, clock);
  const bounces = new BounceTables(database);
  const leases = new LeaseTable(database);
  const retention = new Retention(database, ports);
  return {
    accept: log.accept.bind(log),
    readLog: log.read.bind(log),
    logEnd: log.end.bind(log),
    content: log.content.bind(log),
    purge: log.purge.bind(log),

    append: journal.append.bind(journal),
    seal: journal.seal.bind(journal),
    journalPage: journal.page.bind(journal),
    journalPageSince: journal.pageSince.bind(journal),

    withoutContent: units.withoutContent.bind(units),
    defer: units.defer.bind(units),
    find: units.find.bind(units),
    finish: units.finish.bind(units),
    listUnits: units.list.bind(units),

    wheel: waiting.wheel.bind(waiting),
    advanceWheel: waiting.advanceWheel.bind(waiting),
    backlog: waiting.backlog.bind(waiting),
    advanceBacklog: waiting.advanceBacklog.bind(waiting),
    backlogs: waiting.backlogs.bind(waiting),

    putHold: records.putHold.bind(records),
    dropHold: records.dropHold.bind(records),
    holds: records.holds.bind(records),
    putMeasure: measures.put.bind(measures),
    dropMeasure: measures.drop.bind(measures),
    measures: measures.all.bind(measures),
    park: records.park.bind(records),
    parked: records.parked.bind(records),

    recordBounces: bounces.record.bind(bounces),
    bounces: bounces.page.bind(bounces),
    countBounces: bounces.counts.bind(bounces),
    unknownBounces: bounces.unknown.bind(bounces),

    putSuppressions: suppressions.put.bind(suppressions),
    liftSuppressions: suppressions.lift.bind(suppressions),
    findSuppressions: suppressions.find.bind(suppressions),
    suppressionPage: suppressions.page.bind(suppressions),
    suppressionTenants: suppressions.tenants.bind(suppressions),
    suppressionNews: suppressions.news.bind(suppressions),

    readLease: leases.read.bind(leases),
    claim: leases.claim.bind(leases),
    checkpoint: leases.checkpoint.bind(leases),
    release: leases.release.bind(leases),

    sweep: retention.sweep.bind(retention),
    shortenJournal: retention.shortenJournal.bind(retention),

    ...keyOperations(new KeyTable(database, ports)),
  };
}

function keyOperations(keys: KeyTable) {
  return {
    beginKey: keys.begin.bind(keys),
    finishKey: keys.finish.bind(keys),
    releaseKey: keys.release.bind(keys),
    sweepKeys: keys.sweep.bind(keys),
  };
}
