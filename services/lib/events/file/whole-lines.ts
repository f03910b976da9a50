/** Where the last whole line of a file ends: what stands behind it, a crash has left. */
import type { FileHandle } from "node:fs/promises";

const chunkBytes = 64 * 1024;
const lineEnd = 0x0a;

/** The file's length without a torn last line, and without the zeros that a power loss may leave. */
export async function wholeLinesLength(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(Math.min(chunkBytes, size));
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const zero = chunk.subarray(0, bytesRead).indexOf(0);
    const text = chunk.subarray(0, zero === -1 ? bytesRead : zero);
    const at = text.lastIndexOf(lineEnd);
    if (at !== -1) return start + at + 1;
    end = start;
  }
  return 0;
}
