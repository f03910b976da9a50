/** What a process logs: counted by event, the last lines kept, and each can be waited for. */

export type LogLine = Readonly<Record<string, unknown>>;

interface Waiting {
  readonly isMeant: (line: LogLine) => boolean;
  readonly resolve: (line: LogLine) => void;
  readonly reject: (error: Error) => void;
}

/** For the message of a failed test. */
const keptMax = 30;

export class LogLines {
  readonly #counts = new Map<string, number>();
  readonly #last: string[] = [];
  #waiting: Waiting[] = [];
  #rest = "";

  /** Resolves with the first such line from now on; rejects when the process ends before. */
  next(isMeant: (line: LogLine) => boolean): Promise<LogLine> {
    return new Promise((resolve, reject) => this.#waiting.push({ isMeant, resolve, reject }));
  }

  /** Resolves with the first line of the event from now on. */
  event(name: string): Promise<LogLine> {
    return this.next((line) => line.event === name);
  }

  countOf(event: string): number {
    return this.#counts.get(event) ?? 0;
  }

  get last(): string {
    return this.#last.join("\n");
  }

  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#take(decoder.decode(chunk, { stream: true }));
  }

  /** The process is gone: who still waits is told, with what it told a person. */
  ended(told: string): void {
    // A line that a kill cut in two.
    this.#rest = "";
    const error = new Error(`Godwit has ended; it told:\n${told}\nand logged last:\n${this.last}`);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  #line(text: string): void {
    this.#last.push(text);
    if (this.#last.length > keptMax) this.#last.shift();
    const line: LogLine = JSON.parse(text);
    const event = String(line.event);
    this.#counts.set(event, this.countOf(event) + 1);
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter(({ isMeant, resolve }) => {
      if (!isMeant(line)) return true;
      resolve(line);
      return false;
    });
  }
}
