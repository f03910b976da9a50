/** A bug between a worker and its seams. */
import type { Seams, SharedSeams } from "../process/observed-seams.ts";

export type Plant = (seams: Seams, shared: SharedSeams) => Seams;

export function nothingPlanted(seams: Seams): Seams {
  return seams;
}
