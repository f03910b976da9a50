/** What the builder of images is told on its command line. */
import { parseArgs } from "node:util";
import { type Architecture, architectures } from "./layout.ts";

export const usage = `usage: npm run -s image -- [options]
  --output FILE    the archive (default: godwit.tar); bills of materials stand beside it
  --name NAME      of the image (default: godwit)
  --tag TAG        (default: the version in package.json)
  --arch LIST      amd64, arm64, or both with a comma between them (default: this machine's)
  --rootfs FOLDER  writes the files there instead, for a Dockerfile
`;

export interface BuildArguments {
  readonly output: string;
  readonly name: string;
  readonly tag: string | undefined;
  readonly architectures: readonly Architecture[];
  readonly rootfs: string | undefined;
}

/** @throws with what is wrong */
export function buildArguments(words: readonly string[], own: Architecture): BuildArguments {
  const { values } = parseArgs({
    args: [...words],
    options: {
      output: { type: "string", default: "godwit.tar" },
      name: { type: "string", default: "godwit" },
      tag: { type: "string" },
      arch: { type: "string", default: own },
      rootfs: { type: "string" },
    },
  });
  const { output, name, tag, arch, rootfs } = values;
  const wanted = arch.split(",");
  const chosen = architectures.filter((architecture) => wanted.includes(architecture));
  if (chosen.length !== wanted.length) {
    throw new Error(`--arch: "${arch}" is not amd64, arm64 or amd64,arm64`);
  }
  return { output, name, tag, architectures: chosen, rootfs };
}
