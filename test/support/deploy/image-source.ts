/** What the tests of the image build it from. */
import { join } from "node:path";
import { type Source, sourceOf } from "../../../deploy/image/contents.ts";
import { type Architecture, architectureOf } from "../../../deploy/image/layout.ts";
import { cached } from "../servers/toolchain/cache.ts";

export const ownArchitecture: Architecture = architectureOf(process.arch);

export function imageSource(): Promise<Source> {
  const root = join(import.meta.dir, "..", "..", "..");
  return sourceOf({ root, cache: cached("image") });
}

/** Undefined when it can be built here. */
export function imageMissing(): string | undefined {
  if (process.platform !== "linux") return "optional: the image is built on Linux";
  const absent = ["npm", "tar", "apt-get", "dpkg-deb"].filter((tool) => Bun.which(tool) === null);
  return absent.length === 0 ? undefined : `${absent.join(" and ")} not installed`;
}
