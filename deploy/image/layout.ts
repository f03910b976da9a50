/** An image as an OCI layout in one tar archive: what `skopeo`, `crane` and `ctr` take. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Entry, file } from "./entry.ts";
import { tar } from "./tar.ts";

export const architectures = ["amd64", "arm64"] as const;
export type Architecture = (typeof architectures)[number];

/** Of a machine that Node calls so. */
export function architectureOf(machine: string): Architecture {
  return machine === "arm64" ? "arm64" : "amd64";
}

export interface Layer {
  /** For the history of the image. */
  readonly name: string;
  readonly entries: readonly Entry[];
}

/** How the image is run. */
export interface RunConfig {
  readonly user: string;
  readonly workingDirectory: string;
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface Platform {
  readonly architecture: Architecture;
  /** The seldom changed first: registries and nodes keep a layer they have. */
  readonly layers: readonly Layer[];
}

export interface ImageOptions {
  /** `godwit:0.1.0` */
  readonly reference: string;
  readonly run: RunConfig;
  readonly labels: Readonly<Record<string, string>>;
  readonly platforms: readonly Platform[];
}

export interface Image {
  readonly archive: Uint8Array;
  /** Of the index: what a chart's `image.digest` is. */
  readonly digest: string;
  /** What a registry sends, for each platform, in bytes. */
  readonly sizes: ReadonlyMap<Architecture, number>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const prefix = "application/vnd.oci.image";
/** No image is older or newer than another with the same content. */
const created = "1970-01-01T00:00:00Z";

export function image(options: ImageOptions): Image {
  const blobs = new Map<string, Uint8Array>();
  const put = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const sizes = new Map<Architecture, number>();
  const manifests = options.platforms.map((platform) => {
    const { manifest, size } = putPlatform(platform, options, put);
    sizes.set(platform.architecture, size);
    return { ...manifest, platform: { architecture: platform.architecture, os: "linux" } };
  });
  const index = put(`${prefix}.index.v1+json`, json({ ...head("index"), manifests }));
  return { archive: archived(index, blobs, options.reference), digest: index.digest, sizes };
}

function putPlatform(
  { architecture, layers }: Platform,
  { run, labels }: ImageOptions,
  put: (mediaType: string, bytes: Uint8Array) => Descriptor,
): { readonly manifest: Descriptor; readonly size: number } {
  const archives = layers.map(({ entries }) => tar(entries));
  const packed = archives.map((archive) => put(`${prefix}.layer.v1.tar+gzip`, gzipSync(archive)));
  const configuration = {
    created,
    architecture,
    os: "linux",
    config: {
      User: run.user,
      WorkingDir: run.workingDirectory,
      Entrypoint: run.entrypoint,
      Env: Object.entries(run.environment).map(([name, value]) => `${name}=${value}`),
      Labels: labels,
    },
    rootfs: { type: "layers", diff_ids: archives.map(sha256) },
    history: layers.map(({ name }) => ({ created, created_by: name })),
  };
  const config = put(`${prefix}.config.v1+json`, json(configuration));
  const manifest = put(
    `${prefix}.manifest.v1+json`,
    json({ ...head("manifest"), config, layers: packed, annotations: labels }),
  );
  const size = [config, ...packed].reduce((sum, blob) => sum + blob.size, 0);
  return { manifest, size };
}

function head(kind: "index" | "manifest") {
  return { schemaVersion: 2, mediaType: `${prefix}.${kind}.v1+json` };
}

function archived(
  index: Descriptor,
  blobs: ReadonlyMap<string, Uint8Array>,
  reference: string,
): Uint8Array {
  const annotations = {
    "io.containerd.image.name": reference,
    "org.opencontainers.image.ref.name": reference.slice(reference.lastIndexOf(":") + 1),
  };
  return tar([
    file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
    file("index.json", json({ ...head("index"), manifests: [{ ...index, annotations }] })),
    ...[...blobs].map(([digest, bytes]) => file(`blobs/${digest.replace(":", "/")}`, bytes)),
  ]);
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
