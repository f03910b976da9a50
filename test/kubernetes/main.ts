/**
 * `npm run test:kubernetes`: the chart on a real Kubernetes of three nodes, which is built and started
 * for it. Words name what to try, by a part of its name; `--keep` leaves it running until Ctrl-C.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { godwitImage } from "../../deploy/image/godwit-image.ts";
import { imageSource, ownArchitecture } from "../support/deploy/image-source.ts";
import { labMissing, withLab } from "../support/kubernetes/lab/with-lab.ts";
import { repository, tags } from "../support/kubernetes/mail/values.ts";

const nodes = 3;
const told = (text: string) => void process.stdout.write(text);
const missing = labMissing();

if (missing === undefined) {
  process.exitCode = await withLab({
    nodes,
    program: join(import.meta.dir, "inside.ts"),
    words: process.argv.slice(2),
    images,
    told,
  });
} else {
  // In CI what is not tried is not right.
  const isCi = process.env.CI === "true";
  told(`Skipped: ${missing}\n0 passed, ${isCi ? 1 : 0} failed\n`);
  process.exitCode = isCi ? 1 : 0;
}

async function images(folder: string): Promise<readonly string[]> {
  told("Building the image of this clone …\n");
  const options = { name: repository, tag: tags[0], architectures: [ownArchitecture] };
  const { archive } = await godwitImage(options, await imageSource());
  const path = join(folder, "godwit.tar");
  await writeFile(path, archive);
  return [path];
}
