import { describe, expect, test } from "bun:test";
import { Outgoing } from "./outgoing.ts";

/** Hands on at once as long as it is open; else keeps what it was given. */
class Sink {
  readonly pieces: number[] = [];
  readonly bytes: number[] = [];
  isOpen = true;

  write(bytes: Uint8Array): number {
    this.pieces.push(bytes.length);
    for (const byte of bytes) this.bytes.push(byte);
    return this.isOpen ? 0 : bytes.length;
  }
}

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251);

describe("Outgoing", () => {
  test("what the network takes at once has left at once", () => {
    const sink = new Sink();
    const outgoing = new Outgoing(sink);
    outgoing.send(bytesOf(200_000));
    expect(outgoing.unsent).toBe(0);
    expect(sink.bytes).toEqual([...bytesOf(200_000)]);
    expect(Math.max(...sink.pieces)).toBe(65_536);
  });

  test("waits for each piece to leave before it gives the next, and counts what has not", () => {
    const sink = new Sink();
    sink.isOpen = false;
    const outgoing = new Outgoing(sink);
    outgoing.send(bytesOf(100_000));
    outgoing.send(bytesOf(10));
    expect([sink.pieces.length, outgoing.unsent]).toEqual([1, 100_010]);
    outgoing.drained();
    expect([sink.pieces.length, outgoing.unsent]).toEqual([2, 100_010 - 65_536]);
    sink.isOpen = true;
    outgoing.drained();
    expect(outgoing.unsent).toBe(0);
    expect(sink.bytes).toEqual([...bytesOf(100_000), ...bytesOf(10)]);
  });

  test("drained with nothing to send does nothing", () => {
    const sink = new Sink();
    const outgoing = new Outgoing(sink);
    outgoing.drained();
    expect(sink.pieces).toEqual([]);
  });
});
