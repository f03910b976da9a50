import { describe, expect, test } from "bun:test";
import type { Connection } from "#lib/net/transport";
import { ReplyWriter } from "./reply-writer.ts";

/** Takes `capacity` bytes of each write. */
class Wire {
  readonly segments: string[] = [];
  readonly #capacity: number;

  constructor(capacity = Number.POSITIVE_INFINITY) {
    this.#capacity = capacity;
  }

  write(bytes: Uint8Array): number {
    this.segments.push(new TextDecoder().decode(bytes));
    return Math.max(0, bytes.length - this.#capacity);
  }
}

function writerOn(wire: Wire): ReplyWriter {
  const endpoint = { address: "192.0.2.1", port: 25 };
  const nothing = () => {};
  const connection: Connection = {
    local: endpoint,
    remote: endpoint,
    write: (bytes) => wire.write(bytes),
    pause: nothing,
    resume: nothing,
    serveTls: () => Promise.reject(new Error("no TLS here")),
    startTls: () => Promise.reject(new Error("no TLS here")),
    end: nothing,
    destroy: nothing,
  };
  return new ReplyWriter(connection);
}

describe("ReplyWriter", () => {
  test("sends what was collected as one segment, and nothing when there is nothing", () => {
    const wire = new Wire();
    const writer = writerOn(wire);
    writer.flush();
    writer.add("250 2.1.0 ok\r\n");
    writer.add("250 2.1.5 ok\r\n");
    writer.flush();
    writer.flush();
    expect(wire.segments).toEqual(["250 2.1.0 ok\r\n250 2.1.5 ok\r\n"]);
  });

  test("sends UTF-8, and more than its scratch holds", () => {
    const wire = new Wire();
    const writer = writerOn(wire);
    const long = "ä".repeat(50_000);
    writer.add(long);
    writer.flush();
    expect(wire.segments).toEqual([long]);
  });

  test("knows what the network has not taken until it drains", () => {
    const writer = writerOn(new Wire(10));
    writer.add("x".repeat(30));
    writer.flush();
    expect(writer.unsentBytes).toBe(20);
    writer.drained();
    expect(writer.unsentBytes).toBe(0);
  });
});
