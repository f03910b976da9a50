/** The token that operators show: a file only its owner reads, made at the first start. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { ControlConfig } from "#lib/config/config";
import { tokenLengthMin } from "#lib/config/value";

const tokenBytes = 32;

type TokenPlace = Pick<ControlConfig, "token" | "tokenFile">;

/**
 * The configured token, or that of the file. Undefined when there is no such file, and none may be
 * made: each node would have its own.
 */
export async function operatorsToken(
  { token, tokenFile }: TokenPlace,
  { makes }: { readonly makes: boolean },
): Promise<string | undefined> {
  if (token !== undefined) return token;
  return makes ? await readOrMakeToken(tokenFile) : await tokenThere(tokenFile);
}

async function tokenThere(path: string): Promise<string | undefined> {
  try {
    return await readToken(path);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * Reads the token, or makes it when there is no such file. Rejects with the file's name when that
 * cannot be.
 */
export async function readOrMakeToken(path: string): Promise<string> {
  // A mounted secret stands where nothing can be written.
  if (existsSync(path)) return await readToken(path);
  try {
    return await makeToken(path);
  } catch (error) {
    if (!isCode(error, "EEXIST")) {
      throw new Error(`Cannot make the control token "${path}"`, { cause: error });
    }
  }
  return await readToken(path);
}

/** Rejects when it is too short, or cannot be read. */
async function readToken(path: string): Promise<string> {
  const token = (await readFile(path, "utf8")).trim();
  if (token.length >= tokenLengthMin) return token;
  const why = `it has fewer than ${tokenLengthMin} characters`;
  throw new Error(`Cannot use the control token "${path}": ${why}`);
}

/**
 * Written apart and then given its name: nobody reads half of it.
 * @throws EEXIST when the file is there already: of two who start at once, one makes it
 */
async function makeToken(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const token = randomBytes(tokenBytes).toString("hex");
  const unnamed = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    await writeFile(unnamed, `${token}\n`, { mode: 0o600, flag: "wx" });
    await chmod(unnamed, 0o600);
    await link(unnamed, path);
    return token;
  } finally {
    await rm(unnamed, { force: true });
  }
}

/** In the same time for every guess. */
export function isSameToken(shown: string, token: string): boolean {
  return timingSafeEqual(digest(shown), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
