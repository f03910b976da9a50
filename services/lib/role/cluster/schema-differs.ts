/** What stands in NATS or Cassandra is not what this program needs: it must not start. */
import type { SchemaReport } from "#lib/schema-report";

export class SchemaDiffers extends Error {
  override readonly name = "SchemaDiffers";
}

/** @throws {SchemaDiffers} with every difference. */
export function checkReport(where: "NATS" | "Cassandra", report: SchemaReport): void {
  const lines = [...report.changes, ...report.refusals];
  if (lines.length === 0) return;
  const shown = lines.slice(0, linesMax).map((line) => `  ${line}`);
  const rest = lines.length - shown.length;
  const more = rest === 0 ? [] : [`  and ${rest} more`];
  throw new SchemaDiffers(
    [
      `What stands in ${where} differs from what this Godwit needs:`,
      ...shown,
      ...more,
      "It is made and changed by: godwit schema apply",
    ].join("\n"),
  );
}

const linesMax = 20;
