import { expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Entry, executable, file } from "./entry.ts";
import { writeTree } from "./file-tree.ts";
import { tar } from "./tar.ts";
import { toolOutput } from "./tool.ts";

const long = `opt/${"a-long-folder/".repeat(10)}${"n".repeat(90)}.ts`;
const entries: readonly Entry[] = [
  file("opt/godwit/b.ts", "b"),
  executable("usr/bin/run", new Uint8Array(700).fill(120)),
  { kind: "folder", path: "tmp", isWritableByAll: true },
  file(long, "long"),
];

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "godwit-tar-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("an archive unpacks to what a folder of the same entries has", async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, "x.tar"), tar(entries));
    await writeTree(join(folder, "tree"), entries);
    await writeTree(join(folder, "unpacked"), []);
    const command = ["tar", "--same-permissions", "-xf", "../x.tar"];
    await toolOutput({ command, folder: join(folder, "unpacked") });
    for (const tree of ["tree", "unpacked"]) {
      const at = (path: string) => join(folder, tree, path);
      expect(await readFile(at(long), "utf8")).toBe("long");
      expect((await readFile(at("usr/bin/run"))).length).toBe(700);
      expect((await readdir(at("."))).sort()).toEqual(["opt", "tmp", "usr"]);
      const modes = ["tmp", "opt", "usr/bin/run", "opt/godwit/b.ts"].map(async (path) =>
        ((await stat(at(path))).mode & 0o7777).toString(8),
      );
      expect(await Promise.all(modes)).toEqual(["1777", "755", "755", "644"]);
    }
  });
});

test("the order in which files are found changes nothing", () => {
  expect(tar(entries.toReversed())).toEqual(tar(entries));
});

test("a path without room in the format is refused", () => {
  expect(() => tar([file(`opt/${"n".repeat(101)}`, "")])).toThrow("too long");
});
