import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failureOf } from "../../test/support/failure.ts";
import { loadIdentity, selfSignedIdentity } from "./identity.ts";

let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "godwit-identity-"));
});
afterAll(() => rm(directory, { recursive: true }));

describe("selfSignedIdentity()", () => {
  test("makes a P-256 pair for the hostname, once", async () => {
    const data = join(directory, "data");
    const made = await selfSignedIdentity(data, "mta1.example.net");
    const certificate = new X509Certificate(made.certificate);
    expect(certificate.subjectAltName).toBe("DNS:mta1.example.net");
    expect(certificate.publicKey.asymmetricKeyType).toBe("ec");
    expect(await selfSignedIdentity(data, "mta1.example.net")).toEqual(made);
  });

  test("keeps the key to its owner", async () => {
    const data = join(directory, "mode");
    await selfSignedIdentity(data, "mta1.example.net");
    const { mode } = await stat(join(data, "self-signed.key"));
    expect(mode & 0o777).toBe(0o600);
  });
});

describe("loadIdentity()", () => {
  test("says which file is missing", async () => {
    const missing = join(directory, "none.crt");
    const loading = loadIdentity({ certificate: missing, privateKey: missing });
    expect(String(await failureOf(loading))).toContain(`Cannot read "${missing}"`);
  });

  test("says which file is no PEM", async () => {
    const path = join(directory, "text.crt");
    await writeFile(path, "hello");
    const loading = loadIdentity({ certificate: path, privateKey: path });
    expect(String(await failureOf(loading))).toContain("no PEM");
  });
});
