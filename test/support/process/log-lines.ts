/** What a process logs: each line can be waited for, and the last ones are kept. */

export type LogLine = Readonly<Record<string, unknown>>;

interface Waiting {
  readonly isMeant: (line: LogLine) => boolean;
  readonly resolve: (line: LogLine) => void;
  readonly reject: (error: Error) => void;
}

/** For the message of a failed test. */
const keptMax = 30;

export class LogLines {
  readonly #last: string[] = [];
  readonly #notes: ((line: LogLine) => void)[] = [];
  #waiting: Waiting[] = [];
  #rest = "";

  /** Resolves with the first such line from now on; rejects when the process ends before. */
  next(isMeant: (line: LogLine) => boolean): Promise<LogLine> {
    return new Promise((resolve, reject) => this.#waiting.push({ isMeant, resolve, reject }));
  }

  /** Resolves when an attempt for the recipient ended so. */
  outcome(recipient: string, wanted: string): Promise<LogLine> {
    return this.next((line) => line.recipient === recipient && line.outcome === wanted);
  }

  /** Tells of every line from now on. */
  each(note: (line: LogLine) => void): void {
    this.#notes.push(note);
  }

  /** Resolves when the event has been logged so many times from now on. */
  async times(name: string, count: number): Promise<void> {
    let left = count;
    await this.next((line) => {
      if (line.event === name) left -= 1;
      return left === 0;
    });
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
    for (const note of this.#notes) note(line);
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter(({ isMeant, resolve }) => {
      if (!isMeant(line)) return true;
      resolve(line);
      return false;
    });
  }
}
