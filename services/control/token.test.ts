import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSameToken, operatorsToken, readOrMakeToken } from "./token.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "godwit-token-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("readOrMakeToken()", () => {
  test("makes a token that only its owner may read, and keeps it", async () => {
    const path = join(directory, "data", "control.token");
    const token = await readOrMakeToken(path);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readOrMakeToken(path)).toBe(token);
    expect(await readFile(path, "utf8")).toBe(`${token}\n`);
  });

  test("several that start at once have one, and leave nothing else behind", async () => {
    const path = join(directory, "token");
    const tokens = await Promise.all(Array.from({ length: 20 }, () => readOrMakeToken(path)));
    expect(new Set(tokens).size).toBe(1);
    expect(await readdir(directory)).toEqual(["token"]);
  });

  test("takes one that an operator chose", async () => {
    const path = join(directory, "token");
    await writeFile(path, "  a-token-of-our-own \n");
    expect(await readOrMakeToken(path)).toBe("a-token-of-our-own");
  });

  test("reads one where nothing can be written", async () => {
    const path = join(directory, "token");
    await writeFile(path, "a-token-of-our-own");
    const before = await stat(directory);
    expect(await readOrMakeToken(path)).toBe("a-token-of-our-own");
    expect((await stat(directory)).mtimeMs).toBe(before.mtimeMs);
  });

  test("refuses one that can be guessed", async () => {
    const path = join(directory, "token");
    await writeFile(path, "secret\n");
    await expect(readOrMakeToken(path)).rejects.toThrow("fewer than 16 characters");
  });

  test("names the file that cannot be made", async () => {
    const path = join(directory, "token");
    await writeFile(path, "x".repeat(20));
    await expect(readOrMakeToken(join(path, "below"))).rejects.toThrow(join(path, "below"));
  });
});

describe("operatorsToken()", () => {
  test("is the configured one, whatever the file says", async () => {
    const config = { token: "a-token-of-our-own", tokenFile: join(directory, "token") };
    expect(await operatorsToken(config, { makes: true })).toBe("a-token-of-our-own");
    expect(await readdir(directory)).toEqual([]);
  });

  test("is not made where each node would have its own", async () => {
    const config = { tokenFile: join(directory, "token") };
    expect(await operatorsToken(config, { makes: false })).toBeUndefined();
    const made = await operatorsToken(config, { makes: true });
    expect(await operatorsToken(config, { makes: false })).toBe(made);
  });

  test("says what is wrong with its file", async () => {
    const config = { tokenFile: join(directory, "token") };
    await writeFile(config.tokenFile, "short\n");
    await expect(operatorsToken(config, { makes: false })).rejects.toThrow("fewer than 16");
  });
});

test.each([
  ["abc", "abc", true],
  ["abd", "abc", false],
  ["", "abc", false],
  ["abcd", "abc", false],
])("isSameToken(%p, %p) is %p", (shown, token, isSame) => {
  expect(isSameToken(shown, token)).toBe(isSame);
});
