/** What a program says that it is. */

/** `unknown` when it does not say; some end with a fault when they are asked. */
export async function versionOf(command: readonly string[], pattern: RegExp): Promise<string> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return pattern.exec(out + err)?.[1] ?? "unknown";
}
