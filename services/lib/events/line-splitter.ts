/** Cuts bytes that come in pieces into lines; what has no end yet waits for it. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** Lines without their ends. */
  push(bytes: Uint8Array): readonly string[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines;
  }
}
