/** Accounts of the system that a server insists on, by name. */

/** Makes what is missing. The reason why that cannot be; undefined when all are there. */
export async function missingAccounts(...names: string[]): Promise<string | undefined> {
  for (const name of names) {
    if (await succeeds(["id", "-u", name])) continue;
    const made = await succeeds(["useradd", "-r", "-M", "-s", "/usr/sbin/nologin", name]);
    if (!made) return `Cannot make the missing account ${name}`;
  }
  return undefined;
}

async function succeeds(command: string[]): Promise<boolean> {
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  return (await child.exited) === 0;
}
