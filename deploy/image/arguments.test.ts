import { expect, test } from "bun:test";
import { buildArguments } from "./arguments.ts";

test("without a word the archive is for this machine", () => {
  const { output, architectures, tag } = buildArguments([], "arm64");
  expect({ output, architectures, tag }).toEqual({
    output: "godwit.tar",
    architectures: ["arm64"],
    tag: undefined,
  });
});

test("both architectures are built in one archive", () => {
  expect(buildArguments(["--arch", "arm64,amd64"], "amd64").architectures).toEqual([
    "amd64",
    "arm64",
  ]);
});

test.each(["--arch riscv64", "--arch amd64,amd64", "--nonsense"])("refuses %s", (line) => {
  expect(() => buildArguments(line.split(" "), "amd64")).toThrow();
});
