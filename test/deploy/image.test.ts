import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { runConfig, sourceOf } from "../../deploy/image/contents.ts";
import type { Entry } from "../../deploy/image/entry.ts";
import { type GodwitImage, godwitImage } from "../../deploy/image/godwit-image.ts";
import type { Architecture } from "../../deploy/image/layout.ts";
import { trialStart } from "../../deploy/image/trial-start.ts";

const own: Architecture = process.arch === "arm64" ? "arm64" : "amd64";
const root = join(import.meta.dir, "..", "..");
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "godwit", "image");
const fetchMaxMs = 300_000;

function missing(): string | undefined {
  if (process.platform !== "linux") return "optional: the image is built on Linux";
  const absent = ["npm", "tar", "apt-get", "dpkg-deb"].filter((tool) => Bun.which(tool) === null);
  return absent.length === 0 ? undefined : `${absent.join(" and ")} not installed`;
}

const reason = missing();
const title = reason === undefined ? "the image" : `the image (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(title, () => {
  let built: GodwitImage;
  let entries: readonly Entry[];
  const build = async () =>
    godwitImage(
      { name: "godwit", tag: undefined, architectures: [own] },
      await sourceOf({ root, cache }),
    );

  beforeAll(async () => {
    built = await build();
    entries = built.platforms.flatMap(({ layers }) => layers.flatMap((layer) => layer.entries));
  }, fetchMaxMs);

  test("is the same, byte for byte, when it is built again", async () => {
    expect((await build()).digest).toBe(built.digest);
  }, 60_000);

  test("starts with nothing but what is in it, and reads all that a role reads", async () => {
    const version = await trialStart(entries, own, ["--version"]);
    expect(version.said.trim()).toMatch(/^\d+\.\d+\.\d+$/);
    const rules = await trialStart(entries, own, ["shaping", "defaults", "--rules"]);
    expect(rules).toMatchObject({ exitCode: 0, said: expect.stringContaining("automation:") });
  }, 60_000);

  test("has no shell, no package manager, no test and no tool", () => {
    const paths = entries.map(({ path }) => path);
    const programs = entries.filter((e) => e.kind === "file" && e.isExecutable);
    const names = programs.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)).sort();
    expect(names.filter((name) => !/^(lib|ld-linux)/.test(name))).toEqual(["bun", "godwit"]);
    expect(paths.filter((path) => /\.test\.ts$|\/(typescript|@biomejs)\//.test(path))).toEqual([]);
    expect(paths).toContain("usr/share/godwit/sbom.cdx.json");
  });

  test("keeps to a size", () => {
    expect(built.sizes.get(own)).toBeLessThan(80_000_000);
  });
});

test("the Dockerfile runs it in the same way", () => {
  const lines = readFileSync(join(root, "deploy", "image", "Dockerfile"), "utf8").split("\n");
  const argument = (word: string) =>
    lines
      .findLast((line) => line.startsWith(`${word} `))
      ?.slice(word.length)
      .trim();
  const { user, workingDirectory, entrypoint, environment } = runConfig;
  expect(argument("USER")).toBe(user);
  expect(argument("WORKDIR")).toBe(workingDirectory);
  expect(JSON.parse(argument("ENTRYPOINT") ?? "")).toEqual(entrypoint);
  const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  expect(argument("ENV")?.split(" ")).toEqual(words);
});
