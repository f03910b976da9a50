/** The owner of a connection that notes everything it is told, and can be waited for. */
import type { Connection, ConnectionHandler } from "#lib/net/transport";

export class RecordingHandler implements ConnectionHandler {
  readonly connection: Connection;
  /** Everything but data, in order: "drained", "ended", "closed", "closed with an error". */
  readonly events: string[] = [];
  readonly #onData: ((handler: RecordingHandler) => void) | undefined;
  readonly #waiting = new Set<() => void>();
  #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(connection: Connection, onData?: (handler: RecordingHandler) => void) {
    this.connection = connection;
    this.#onData = onData;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("latin1");
  }

  get isClosed(): boolean {
    return this.events.some((event) => event.startsWith("closed"));
  }

  say(text: string): number {
    return this.connection.write(new TextEncoder().encode(text));
  }

  data(bytes: Uint8Array): void {
    if (this.isClosed) this.events.push("data after closed");
    this.#chunks.push(new Uint8Array(bytes));
    this.#size += bytes.length;
    this.#onData?.(this);
    this.#changed();
  }

  drained(): void {
    this.events.push("drained");
    this.#changed();
  }

  ended(): void {
    this.events.push("ended");
    this.#changed();
  }

  closed(error?: Error): void {
    this.events.push(error ? "closed with an error" : "closed");
    this.#changed();
  }

  /** Resolves as soon as `condition` holds. */
  until(condition: (handler: RecordingHandler) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition(this)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check();
  }
}
