/** How a test moves the wall clock of a process that it started. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** In the folder that the process runs in: by how many milliseconds its clock is ahead. */
export const stepFile = "wall-clock-ahead-ms";

/** To be loaded before all else: then the clock can be moved. */
export const clockPreload = join(import.meta.dir, "stepping-clock.ts");

/** The command, with a clock that can be moved. */
export function withSteppingClock([program = "", ...words]: readonly string[]): string[] {
  return [program, "--preload", clockPreload, ...words];
}

/** From the next SIGUSR2 on; the process says `clock_stepped` then. */
export async function setClockAhead(folder: string, aheadMs: number): Promise<void> {
  await writeFile(join(folder, stepFile), String(aheadMs));
}
