/** Compresses a finished file beside the work, and puts the result into its place only when it is whole. */
import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";
import { compressedSuffix, unfinishedSuffix } from "./event-folder.ts";

/** Lines of JSON that resemble one another: a higher level makes them a tenth smaller, for twice the time. */
const level = 1;
/** Each costs a way to another thread and back: with 64 KiB that is half of the time. */
const pieceBytes = 1024 * 1024;
const pieces = { highWaterMark: pieceBytes };

/** Rejects when it was not done; then the file is as it was. */
export async function compressFile(path: string, signal: AbortSignal): Promise<void> {
  const unfinished = `${path}${unfinishedSuffix}`;
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  const compress = createZstdCompress({ chunkSize: pieceBytes, params });
  const [from, to] = [createReadStream(path, pieces), createWriteStream(unfinished, pieces)];
  await pipeline(from, compress, to, { signal });
  await synced(unfinished);
  await rename(unfinished, `${path}${compressedSuffix}`);
  await unlink(path);
}

/** The decompressed bytes, piece by piece. */
export function decompressed(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path).pipe(createZstdDecompress());
}

/** Else a power loss could leave an empty file under the name of a finished one. */
async function synced(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
