/**
 * Ends servers with the process that started them, even when that one is killed: a shell that waits
 * for the end of its input, which is the end of us.
 */

/**
 * Each line replaces the list of pids. A folder is removed when the dead have let go of it; nobody
 * alive at the end means that all was stopped in order.
 */
const script = `
trap '' INT TERM HUP
pids=
while read -r line; do pids=$line; done
[ -n "$pids" ] || exit 0
kill -KILL $pids
[ -z "$1" ] || { sleep 1; rm -rf -- "$1"; }
`;

export class Watchdog {
  readonly #pids = new Set<number>();
  readonly #child: Bun.Subprocess<"pipe", "ignore", "ignore">;

  /** The folder that is removed at the end, if any. */
  constructor(folder: string | undefined) {
    this.#child = Bun.spawn(["sh", "-c", script, "watchdog", folder ?? ""], {
      detached: true,
      stdin: "pipe",
      stdout: "ignore",
      stderr: "ignore",
    });
    this.#child.unref();
  }

  watch(pid: number): void {
    this.#pids.add(pid);
    this.#tell();
  }

  /** Its pid may be another's soon. */
  ended(pid: number): void {
    this.#pids.delete(pid);
    this.#tell();
  }

  async stop(): Promise<void> {
    await this.#child.stdin.end();
    await this.#child.exited;
  }

  #tell(): void {
    this.#child.stdin.write(`${[...this.#pids].join(" ")}\n`);
    this.#child.stdin.flush();
  }
}
