/** Spans, sizes and times as a person reads them in a table. */

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** The two largest units: `2d3h`, `5m`, `12s`; under a second `0s`. */
export function spanText(spanMs: number): string {
  let rest = Math.max(0, Math.round(spanMs / 1_000) * 1_000);
  const parts: string[] = [];
  for (const [unit, unitMs] of units) {
    const n = Math.floor(rest / unitMs);
    if (n > 0 || parts.length > 0) parts.push(n > 0 ? `${n}${unit}` : "");
    rest -= n * unitMs;
    if (parts.length === 2) break;
  }
  return parts.join("") || "0s";
}

/** `in 5m`, or `now` when it is due. */
export function untilText(at: number, now: number): string {
  return at <= now ? "now" : `in ${spanText(at - now)}`;
}

/** `512 B`, `4.0 KiB`, `25 MiB`. */
export function sizeText(bytes: number): string {
  let size = bytes;
  for (const unit of ["B", "KiB", "MiB"]) {
    if (size < 1024)
      return `${size >= 10 || unit === "B" ? Math.round(size) : size.toFixed(1)} ${unit}`;
    size /= 1024;
  }
  return `${size.toFixed(1)} GiB`;
}

/** In UTC, as the log has it: `2026-11-18 12:26:40`. */
export function timeText(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}
