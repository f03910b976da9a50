import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { billOfMaterials } from "./bill-of-materials.ts";
import { lockedPackages } from "./locked-package.ts";

const root = join(import.meta.dir, "..", "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const packages = lockedPackages(readFileSync(join(root, "package-lock.json"), "utf8"));

function purls(architecture: "amd64" | "arm64"): string[] {
  const bill = JSON.parse(billOfMaterials({ architecture, version: "1.2.3", packages }));
  return bill.components.map(({ purl }: { purl: string }) => purl);
}

test("names every dependency of package.json, Bun for the platform, and no tool", () => {
  const listed = purls("arm64");
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    const own = name === "bun" ? "@oven/bun-linux-aarch64" : name;
    expect(listed).toContain(`pkg:npm/${own.replace("@", "%40")}@${version}`);
  }
  const tools = Object.keys(manifest.devDependencies);
  expect(listed.filter((purl) => tools.some((tool) => purl.includes(`/${tool}@`)))).toEqual([]);
  expect(listed.filter((purl) => purl.includes("libc6"))).toHaveLength(1);
});

test("says once what is installed twice, with its digest", () => {
  const listed = purls("amd64");
  expect(new Set(listed).size).toBe(listed.length);
  const bill = JSON.parse(billOfMaterials({ architecture: "amd64", version: "1", packages }));
  for (const { hashes } of bill.components) expect(hashes[0].content).toMatch(/^[0-9a-f]{64,}$/);
});
