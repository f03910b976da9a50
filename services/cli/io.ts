/** What a command sees of the world; `main.ts` has the real one. */

export interface Io {
  /** For what was asked for. */
  out(text: string): void;
  /** For everything else. */
  err(text: string): void;
  /** @throws the system's error */
  readFile(path: string): string;
  /** All of standard input, or one line typed without being shown when that is a terminal. */
  readPassword(prompt: string): Promise<string>;
  /** Somebody types, so one may be asked. */
  readonly isInteractive: boolean;
  /** Asks the control API. */
  fetch(request: Request): Promise<Response>;
  now(): number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly osHostname: string;
}

/** Ends a command: told on stderr without a stack. 1: it failed; 2: it was asked wrongly. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
