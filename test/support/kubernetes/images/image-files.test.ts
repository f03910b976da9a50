import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { libraryPaths, partFiles } from "./image-files.ts";

describe("libraryPaths()", () => {
  test("are those of the system, once, with the loader", () => {
    const said = `/opt/a.so:
\tlinux-vdso.so.1 (0x00007ffd3a5f2000)
\tlibjvm.so => not found
\tlibjava.so => /opt/java/lib/libjava.so (0x00007f0d3cd00000)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0d3cb1f000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f0d3cf2a000)
/opt/b.so:
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0d3cb1f000)
\tstatically linked
`;
    expect(libraryPaths(said)).toEqual([
      "/lib/x86_64-linux-gnu/libc.so.6",
      "/lib64/ld-linux-x86-64.so.2",
    ]);
  });
});

describe("partFiles()", () => {
  test("follows links, keeps what may be run, and leaves out what is not wanted", async () => {
    const folder = await mkdtemp(join(tmpdir(), "godwit-part-"));
    try {
      await writeFile(join(folder, "run"), "#!", { mode: 0o755 });
      await writeFile(join(folder, "left"), "");
      await symlink(join(folder, "run"), join(folder, "link"));
      await symlink(join(folder, "nowhere"), join(folder, "dangling"));
      const files = await partFiles({ from: folder, to: "opt", wants: (name) => name !== "left" });
      const told = files.map((entry) => [entry.path, entry.kind === "file" && entry.isExecutable]);
      expect(told.sort()).toEqual([
        ["opt/link", true],
        ["opt/run", true],
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
