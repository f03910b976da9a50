/** The image of this clone. */
import { layersOf, runConfig, type Source } from "./contents.ts";
import { type Architecture, type Image, image, type Platform } from "./layout.ts";

export interface GodwitImage extends Image {
  readonly reference: string;
  readonly platforms: readonly Platform[];
}

export interface GodwitImageOptions {
  readonly name: string;
  /** Undefined: the version. */
  readonly tag: string | undefined;
  readonly architectures: readonly Architecture[];
}

export async function godwitImage(
  { name, tag, architectures }: GodwitImageOptions,
  source: Source,
): Promise<GodwitImage> {
  const platforms = await Promise.all(
    architectures.map(async (architecture) => ({
      architecture,
      layers: await layersOf(architecture, source),
    })),
  );
  const { version } = source;
  const reference = `${name}:${tag ?? version}`;
  const labels = {
    "org.opencontainers.image.title": "Godwit",
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.licenses": "Apache-2.0",
  };
  return { ...image({ reference, run: runConfig, labels, platforms }), reference, platforms };
}
