/** A command that is run to its end, whatever that is. */

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RanOptions {
  readonly cwd?: string;
  readonly input?: string;
  /** All of it; default: ours. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Then it is killed. */
  readonly timeoutMs?: number;
}

export async function ran(command: readonly string[], options: RanOptions = {}): Promise<Ran> {
  const { cwd, input = "", environment = process.env, timeoutMs } = options;
  const child = Bun.spawn([...command], {
    ...(cwd === undefined ? {} : { cwd }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    env: environment,
    stdin: new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { code, out, err };
}
