/** What an image is made of, in CycloneDX 1.6: for scanners, and for who must say what they run. */

import { bunPackage } from "./bun-program.ts";
import { cLibrary, cLibraryDigest } from "./c-library.ts";
import type { Architecture } from "./layout.ts";
import { type LockedPackage, sharedPackages } from "./locked-package.ts";

export interface BillOptions {
  readonly architecture: Architecture;
  /** Of Godwit. */
  readonly version: string;
  readonly packages: readonly LockedPackage[];
}

/** The same for the same image: neither a time nor a number of its own. */
export function billOfMaterials({ architecture, version, packages }: BillOptions): string {
  const own = {
    type: "application",
    "bom-ref": `pkg:generic/godwit@${version}`,
    name: "godwit",
    version,
    licenses: [{ license: { id: "Apache-2.0" } }],
    purl: `pkg:generic/godwit@${version}`,
  };
  const components = [
    libraryOf(architecture),
    ...[bunPackage(packages, architecture), ...sharedPackages(packages)].map(componentOf),
  ];
  const bill = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: own },
    components: distinct(components),
  };
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

function libraryOf(architecture: Architecture) {
  const { name, version, license } = cLibrary;
  const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    hashes: [{ alg: "SHA-256", content: cLibraryDigest(architecture) }],
    licenses: [{ license: { id: license } }],
    purl,
  };
}

function componentOf({ name, version, license, integrity }: LockedPackage) {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const content = Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex");
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    hashes: [{ alg: "SHA-512", content }],
    ...(license === undefined ? {} : { licenses: [{ license: { id: license } }] }),
    purl,
  };
}

/** A package that is installed in two places is one. */
function distinct<T extends { readonly purl: string }>(components: readonly T[]): readonly T[] {
  return [...new Map(components.map((component) => [component.purl, component])).values()];
}
