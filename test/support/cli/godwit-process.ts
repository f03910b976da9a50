/** The real `godwit` command in a process of its own. */
import { join } from "node:path";
import { type Ran, ran } from "../process/ran.ts";

export const command = [process.execPath, join(import.meta.dir, "../../../services/cli/main.ts")];

/** Runs a command to its end. */
export function ranGodwit(
  args: readonly string[],
  options: { readonly cwd: string; readonly input?: string },
): Promise<Ran> {
  return ran([...command, ...args], options);
}
