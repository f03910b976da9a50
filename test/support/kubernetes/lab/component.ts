/** A part of the lab that runs until the lab ends. */
import { openSync } from "node:fs";
import { join } from "node:path";

export interface Component {
  readonly command: readonly [name: string, ...words: string[]];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Told when it ends, which it should not. */
  readonly ended: (name: string, log: string) => void;
}

/** Its log is `<name>.log` in the folder. */
export function launch(component: Component): Bun.Subprocess {
  const { command, folder, environment, ended } = component;
  const [name] = command;
  const log = join(folder, `${name}.log`);
  const out = openSync(log, "a");
  const child = Bun.spawn([...command], {
    cwd: folder,
    env: environment,
    stdin: "ignore",
    stdout: out,
    stderr: out,
  });
  void child.exited.then(() => ended(name, log));
  return child;
}
