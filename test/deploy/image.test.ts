import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runConfig } from "../../deploy/image/contents.ts";
import type { Entry } from "../../deploy/image/entry.ts";
import { type GodwitImage, godwitImage } from "../../deploy/image/godwit-image.ts";
import { trialStart } from "../../deploy/image/trial-start.ts";
import { imageMissing, imageSource, ownArchitecture } from "../support/deploy/image-source.ts";
import { titled } from "../support/servers/titled.ts";

const dockerfile = join(import.meta.dir, "..", "..", "deploy", "image", "Dockerfile");
const fetchMaxMs = 300_000;
const missing = imageMissing();

describe.skipIf(missing !== undefined)(titled("the image", missing), () => {
  let built: GodwitImage;
  let entries: readonly Entry[];
  const build = async () =>
    godwitImage(
      { name: "godwit", tag: undefined, architectures: [ownArchitecture] },
      await imageSource(),
    );

  beforeAll(async () => {
    built = await build();
    entries = built.platforms.flatMap(({ layers }) => layers.flatMap((layer) => layer.entries));
  }, fetchMaxMs);

  test("is the same, byte for byte, when it is built again", async () => {
    expect((await build()).digest).toBe(built.digest);
  }, 60_000);

  test("starts with nothing but what is in it, and reads all that a role reads", async () => {
    const version = await trialStart(entries, ownArchitecture, ["--version"]);
    expect(version.said.trim()).toMatch(/^\d+\.\d+\.\d+$/);
    const rules = await trialStart(entries, ownArchitecture, ["shaping", "defaults", "--rules"]);
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
    expect(built.sizes.get(ownArchitecture)).toBeLessThan(80_000_000);
  });
});

test("the Dockerfile runs it in the same way", () => {
  const lines = readFileSync(dockerfile, "utf8").split("\n");
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
