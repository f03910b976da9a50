/** What a command sees of the world when it runs in a test. */
import type { Io } from "../../../services/cli/io.ts";

export class FakeIo implements Io {
  stdout = "";
  stderr = "";
  readonly files = new Map<string, string>();
  /** What is typed or piped in, prompt after prompt. */
  readonly passwords: string[] = [];
  readonly prompts: string[] = [];
  isInteractive = false;
  environment: Readonly<Record<string, string | undefined>> = {};
  readonly osHostname = "mta1.example.net";
  answer: (request: Request) => Response | Promise<Response> = () => {
    throw new TypeError("connection refused");
  };

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  readFile(path: string): string {
    const text = this.files.get(path);
    if (text !== undefined) return text;
    throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
  }

  async readPassword(prompt: string): Promise<string> {
    this.prompts.push(prompt);
    return this.passwords.shift() ?? "";
  }

  async fetch(request: Request): Promise<Response> {
    return this.answer(request);
  }

  /** Since the command began. */
  passedMs = () => 0;

  now(): number {
    return 1_795_000_000_000 + this.passedMs();
  }
}
