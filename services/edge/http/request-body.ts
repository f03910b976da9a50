/** A request's bytes, read as far as they may be and counted while they are in memory. */
import type { Load } from "../load.ts";
import { Problem } from "./problem.ts";

const retryAfterSeconds = 10;

/** Content in memory on behalf of a request; given back when it is over. */
export class HeldBytes implements Disposable {
  readonly #load: Pick<Load, "hasRoomFor" | "hold">;
  #held = 0;

  constructor(load: Pick<Load, "hasRoomFor" | "hold">) {
    this.#load = load;
  }

  /** @throws {Problem} 503: the edge holds as much as it may. */
  hold(bytes: number): void {
    if (!this.#load.hasRoomFor(bytes)) {
      throw new Problem(503, "the edge has no room for this now", { retryAfterSeconds });
    }
    this.#held += bytes;
    this.#load.hold(bytes);
  }

  [Symbol.dispose](): void {
    this.#load.hold(-this.#held);
    this.#held = 0;
  }
}

/** @throws {Problem} 413: it is larger than `bytesMax`; 503: there is no room for it. */
export async function readBody(
  request: Request,
  { bytesMax, held }: { readonly bytesMax: number; readonly held: HeldBytes },
): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > bytesMax) throw tooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel();
      throw tooLarge(bytesMax);
    }
    held.hold(value.length);
    chunks.push(value);
  }
  return Buffer.concat(chunks, length);
}

function tooLarge(bytesMax: number): Problem {
  return new Problem(413, `a request has at most ${bytesMax} bytes`);
}
