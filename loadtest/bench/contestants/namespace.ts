/**
 * A server in namespaces of its own: a process that lost its parent stays below the first one, so
 * that what it has used is counted, and a folder that is compiled in is one of ours.
 */
import { childrenOf } from "../process-tree.ts";

export interface Mount {
  readonly from: string;
  readonly onto: string;
}

/** Needs root and unshare(1). */
export function inNamespaces(command: readonly string[], mount?: Mount): readonly string[] {
  const unshare = ["unshare", "--pid", "--fork", "--kill-child"];
  if (mount === undefined) return [...unshare, ...command];
  const script = 'mount --bind "$1" "$2"; shift 2; exec "$@"';
  const shell = ["sh", "-ec", script, "sh", mount.from, mount.onto];
  return [...unshare, "--mount", ...shell, ...command];
}

/** `pid` is unshare's; it ends when the first process has, and with that all others. */
export function endNamespaces(pid: number): void {
  for (const first of childrenOf(pid)) {
    try {
      process.kill(first, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
}
