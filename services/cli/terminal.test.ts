import { beforeEach, describe, expect, test } from "bun:test";
import { PassThrough, Readable } from "node:stream";
import { readAll, typedLine } from "./terminal.ts";

describe("readAll()", () => {
  test.each([
    [[], ""],
    [["secr", "et\n"], "secret\n"],
    [[new Uint8Array([0xc3]), new Uint8Array([0xb6, 0x0a])], "ö\n"],
  ])("of %j is %j", async (chunks, text) => {
    expect(await readAll(Readable.from(chunks))).toBe(text);
  });

  test("does not read without end", async () => {
    async function* endless() {
      for (;;) yield "x".repeat(10_000);
    }
    await expect(readAll(endless())).rejects.toThrow("That is too long for a password");
  });
});

describe("typedLine()", () => {
  let modes: boolean[];
  let keyboard: PassThrough & { setRawMode(isRaw: boolean): void };

  beforeEach(() => {
    modes = [];
    keyboard = Object.assign(new PassThrough(), {
      setRawMode: (isRaw: boolean) => void modes.push(isRaw),
    });
  });

  test.each([
    [["secret\r"], "secret"],
    [["s", "e", "c", "\r"], "sec"],
    [["sx\u007fe\n"], "se"],
    [["ö🐦\u007f\r"], "ö"],
    [["\u007f\ba\r"], "a"],
    [["\r"], ""],
  ])("%j is %j", async (typed, line) => {
    for (const keys of typed) keyboard.write(keys);
    expect(await typedLine(keyboard, () => {})).toBe(line);
    expect(modes).toEqual([true, false]);
  });

  test("prompts when nothing is shown any more", async () => {
    keyboard.write("a\r");
    await typedLine(keyboard, () => expect(modes).toEqual([true]));
    expect.assertions(1);
  });

  test("leaves the next line to the next prompt", async () => {
    keyboard.write("first\rsecond\r");
    expect(await typedLine(keyboard, () => {})).toBe("first");
    expect(await typedLine(keyboard, () => {})).toBe("second");
  });

  test.each(["\u0003", "\u0004", "secr\u0003et\r"])("%j stops it", async (keys) => {
    keyboard.write(keys);
    await expect(typedLine(keyboard, () => {})).rejects.toThrow("Stopped");
    expect(modes).toEqual([true, false]);
  });

  test("ends with the terminal", async () => {
    keyboard.end("secret");
    expect(await typedLine(keyboard, () => {})).toBe("secret");
  });
});
