/**
 * Writes tar archives (POSIX ustar) that are the same, byte for byte, for the same entries: no
 * owner, no time, permissions by kind.
 */
import { complete, type Entry, modeOf } from "./entry.ts";

const blockSize = 512;
const nameMax = 100;
const prefixMax = 155;
const types = { file: "0", folder: "5" } as const;

/** @throws when a path is longer than the format has room for */
export function tar(entries: readonly Entry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of complete(entries)) {
    parts.push(header(entry));
    if (entry.kind !== "file") continue;
    parts.push(entry.bytes, new Uint8Array(padding(entry.bytes.length)));
  }
  parts.push(new Uint8Array(2 * blockSize));
  return Buffer.concat(parts);
}

function padding(length: number): number {
  return (blockSize - (length % blockSize)) % blockSize;
}

function header(entry: Entry): Uint8Array {
  const block = Buffer.alloc(blockSize);
  const { name, prefix } = divided(entry.kind === "folder" ? `${entry.path}/` : entry.path);
  block.write(name, 0);
  block.write(octal(modeOf(entry), 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(entry.kind === "file" ? entry.bytes.length : 0, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(types[entry.kind], 156);
  block.write("ustar\x0000", 257);
  block.write(prefix, 345);
  // The sum is taken with blanks in its own place.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** A long path stands in two fields, divided at a slash. */
function divided(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= nameMax) return { name: path, prefix: "" };
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const prefix = path.slice(0, at);
    const name = path.slice(at + 1);
    const fits = Buffer.byteLength(name) <= nameMax && Buffer.byteLength(prefix) <= prefixMax;
    if (fits && name !== "") return { name, prefix };
  }
  throw new Error(`Cannot archive "${path}": the path is too long`);
}
