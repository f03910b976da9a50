/** Programs of the machine that fetch and unpack. */

export interface ToolRun {
  readonly command: readonly string[];
  readonly folder?: string;
}

const timeoutMs = 600_000;
const tailMax = 2_000;

/** What it writes. Rejects with the end of what it said when it does not end well. */
export async function toolOutput({ command, folder }: ToolRun): Promise<Uint8Array> {
  const child = Bun.spawn([...command], {
    ...(folder === undefined ? {} : { cwd: folder }),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
  });
  const [out, said] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited]);
  if (child.exitCode === 0) return out;
  throw new Error(`${command.join(" ")} ended with ${child.exitCode}: ${said.slice(-tailMax)}`);
}
