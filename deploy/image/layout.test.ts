import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { file } from "./entry.ts";
import { image, type RunConfig } from "./layout.ts";

const run: RunConfig = {
  user: "65532:65532",
  workingDirectory: "/etc/x",
  entrypoint: ["/bin/x"],
  environment: { HOME: "/tmp" },
};
function built(text = "x") {
  const layers = [
    { name: "base", entries: [file("etc/base", "base")] },
    { name: "program", entries: [file("bin/x", text)] },
  ];
  const labels = { "org.opencontainers.image.title": "X" };
  const platforms = [{ architecture: "amd64" as const, layers }];
  return image({ reference: "x.example/x:1", run, labels, platforms });
}

/** By name. */
async function filesOf(archive: Uint8Array): Promise<Map<string, Uint8Array>> {
  const files = await new Bun.Archive(archive).files();
  const read = [...files].map(async ([path, blob]) => [path, await blob.bytes()] as const);
  return new Map(await Promise.all(read));
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
}

test("the same content has the same digest, another one another", () => {
  expect(built().archive).toEqual(built().archive);
  expect(built("y").digest).not.toBe(built().digest);
});

test("every blob is named by its digest, from the index down to the layers", async () => {
  const { archive, digest, sizes } = built();
  const files = await filesOf(archive);
  const blob = (name: string) => {
    const bytes = files.get(`blobs/${name.replace(":", "/")}`) ?? new Uint8Array();
    expect(digestOf(bytes)).toBe(name);
    return bytes;
  };
  const json = (bytes: Uint8Array = new Uint8Array()) =>
    JSON.parse(new TextDecoder().decode(bytes));
  const top = json(files.get("index.json"));
  expect(top.manifests).toMatchObject([
    { digest, annotations: { "io.containerd.image.name": "x.example/x:1" } },
  ]);
  const [listed] = json(blob(digest)).manifests;
  expect(listed.platform).toEqual({ architecture: "amd64", os: "linux" });
  const manifest = json(blob(listed.digest));
  const config = json(blob(manifest.config.digest));
  expect(config).toMatchObject({
    architecture: "amd64",
    config: { User: "65532:65532", Entrypoint: ["/bin/x"], Env: ["HOME=/tmp"] },
  });
  const layers: readonly { readonly digest: string }[] = manifest.layers;
  expect(layers).toHaveLength(2);
  const unpacked = layers.map((layer) => digestOf(gunzipSync(blob(layer.digest))));
  expect(config.rootfs.diff_ids).toEqual(unpacked);
  expect(sizes.get("amd64")).toBeGreaterThan(0);
});
