import { expect, test } from "bun:test";
import { file } from "./entry.ts";
import { image, type RunConfig } from "./layout.ts";

const run: RunConfig = {
  user: "65532:65532",
  workingDirectory: "/etc/x",
  entrypoint: ["/bin/x"],
  environment: { HOME: "/tmp" },
};
const layers = [
  { name: "base", entries: [file("etc/base", "base")] },
  { name: "program", entries: [file("bin/x", "x")] },
];

function built(text = "x") {
  const [base] = layers;
  const program = { name: "program", entries: [file("bin/x", text)] };
  const platform = { architecture: "amd64" as const, layers: base ? [base, program] : [] };
  const labels = { "org.opencontainers.image.title": "X" };
  return image({ reference: "x.example/x:1", run, labels, platforms: [platform] });
}

/** By name. */
async function filesOf(archive: Uint8Array): Promise<Map<string, string>> {
  const files = await new Bun.Archive(archive).files();
  const texts = [...files].map(async ([path, blob]) => [path, await blob.text()] as const);
  return new Map(await Promise.all(texts));
}

test("the same content has the same digest, another one another", () => {
  expect(built().archive).toEqual(built().archive);
  expect(built("y").digest).not.toBe(built().digest);
});

test("every blob is named by its digest, from the index down to the layers", async () => {
  const { archive, digest, sizes } = built();
  const files = await filesOf(archive);
  const blob = (name: string) => {
    const text = files.get(`blobs/${name.replace(":", "/")}`);
    if (text === undefined) throw new Error(`there is no blob ${name}`);
    return JSON.parse(text);
  };
  const top = JSON.parse(files.get("index.json") ?? "");
  expect(top.manifests).toMatchObject([
    { digest, annotations: { "io.containerd.image.name": "x.example/x:1" } },
  ]);
  const [listed] = blob(digest).manifests;
  expect(listed.platform).toEqual({ architecture: "amd64", os: "linux" });
  const manifest = blob(listed.digest);
  const config = blob(manifest.config.digest);
  expect(config).toMatchObject({
    architecture: "amd64",
    config: { User: "65532:65532", Entrypoint: ["/bin/x"], Env: ["HOME=/tmp"] },
  });
  expect(config.rootfs.diff_ids).toHaveLength(2);
  expect(manifest.layers).toHaveLength(2);
  for (const layer of manifest.layers) {
    expect(files.has(`blobs/${layer.digest.replace(":", "/")}`)).toBe(true);
  }
  expect(sizes.get("amd64")).toBeGreaterThan(0);
});
