/** Where the work of a contestant of several processes is done: a row for each role. */
import { table } from "../../../services/cli/table.ts";
import { medianOf } from "../statistics.ts";
import type { Throughput } from "../throughput.ts";
import { writesByPurpose } from "./store-writes.ts";

const kib = 2 ** 10;
const mib = 2 ** 20;

/** Medians of the runs; nothing for contestants of one role. */
export function rolesText(throughput: Readonly<Record<string, readonly Throughput[]>>): string {
  return Object.entries(throughput)
    .map(([name, runs]) => [rowsText(name, runs), writesText(runs)].join(""))
    .filter((text) => text !== "")
    .join("\n");
}

function rowsText(name: string, runs: readonly Throughput[]): string {
  const roles = runs[0]?.roles ?? [];
  if (roles.length < 2) return "";
  const rows = roles.map(({ role, processes }) => {
    const of = runs.flatMap((run) => run.roles.filter((it) => it.role === role));
    const rssBytes = medianOf(of.map((it) => it.rssBytes));
    return [
      role,
      medianOf(of.map((it) => it.cpuPerThousandSeconds)).toFixed(3),
      (medianOf(of.map((it) => it.writtenBytesPerMessage)) / kib).toFixed(1),
      (rssBytes / mib).toFixed(0),
      String(processes),
    ];
  });
  return table([`${name}: role`, "CPU s/1000", "written KiB", "RSS MiB", "processes"], rows);
}

function writesText(runs: readonly Throughput[]): string {
  const lines = runs.flatMap(({ storeWrites }) => {
    if (storeWrites === undefined) return [];
    const { mail, cursors } = writesByPurpose(storeWrites);
    const tables = Object.entries(storeWrites).map(([name, count]) => `${name} ${count}`);
    const by = tables.length === 0 ? "" : ` (${tables.join(", ")})`;
    return [`rows written to the store: ${mail} of messages, ${cursors} of cursors${by}\n`];
  });
  return lines.join("");
}
