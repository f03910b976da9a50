/** The certificate and key the edge shows: the configured pair, or one it makes for itself. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generate } from "selfsigned";
import type { TlsIdentity } from "#lib/net/transport";

export interface IdentityFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * Ten years: a pair nobody verifies only protects against those who listen; its end would help
 * nobody.
 */
const selfSignedDays = 3_650;
const selfSignedNames: IdentityFiles = {
  certificate: "self-signed.crt",
  privateKey: "self-signed.key",
};

/**
 * Reads a pair of PEM files. Rejects with the file's name in the message when it cannot be read.
 */
export async function loadIdentity(files: IdentityFiles): Promise<TlsIdentity> {
  const [certificate, privateKey] = await Promise.all([
    readPem(files.certificate, "CERTIFICATE"),
    readPem(files.privateKey, "PRIVATE KEY"),
  ]);
  return { certificate, privateKey };
}

/** The self-signed pair in `directory`, made at the first start and kept: its fingerprint stays. */
export async function selfSignedIdentity(
  directory: string,
  hostname: string,
): Promise<TlsIdentity> {
  const files: IdentityFiles = {
    certificate: join(directory, selfSignedNames.certificate),
    privateKey: join(directory, selfSignedNames.privateKey),
  };
  try {
    return await loadIdentity(files);
  } catch (error) {
    if (!isMissingFile(error)) throw error;
  }
  const identity = await makeIdentity(hostname);
  await mkdir(directory, { recursive: true });
  // The key first: a certificate without its key would be taken for a whole pair at the next start.
  await writeWhole(files.privateKey, identity.privateKey);
  await writeWhole(files.certificate, identity.certificate);
  return identity;
}

/** ECDSA P-256: a handshake costs a twentieth of what RSA-2048 takes. */
export async function makeIdentity(hostname: string): Promise<TlsIdentity> {
  const notBefore = new Date();
  const notAfter = new Date(notBefore.getTime() + selfSignedDays * 86_400_000);
  const pair = await generate([{ name: "commonName", value: hostname }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: notBefore,
    notAfterDate: notAfter,
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: hostname }] },
    ],
  });
  return { certificate: pair.cert, privateKey: pair.private };
}

async function readPem(path: string, label: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new Error(`Cannot read "${path}"`, { cause });
  }
  if (!text.includes(`${label}-----`))
    throw new Error(`Cannot use "${path}": no PEM ${label} in it`);
  return text;
}

/** Written beside and renamed, so that a crash leaves no half file. */
async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  await writeFile(beside, text, { mode: 0o600 });
  await rename(beside, path);
}

function isMissingFile(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
