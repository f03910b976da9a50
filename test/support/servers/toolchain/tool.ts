/** Programs that fetch things: run to their end, within a time, and quiet unless they fail. */
export interface ToolRun {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

const tailMax = 2_000;

/** Throws with the end of what the tool said when it does not end well. */
export async function runTool({ command, environment = {}, timeoutMs }: ToolRun): Promise<string> {
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (child.exitCode === 0) return out;
  const ending = child.signalCode === null ? `code ${child.exitCode}` : child.signalCode;
  throw new Error(`${command.join(" ")} ended with ${ending}:\n${`${out}${err}`.slice(-tailMax)}`);
}
