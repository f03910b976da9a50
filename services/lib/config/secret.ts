/**
 * Values that may stand elsewhere: `{ file: … }` or `{ env: … }`; and the certificate with its key.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { z } from "zod";
import type { TlsIdentity } from "#lib/net/transport";
import { type Form, field } from "./field.ts";
import { bad, ok, quote, type ValueParse, type ValueParser } from "./value.ts";

export interface Sources {
  /**
   * The text of a file; a relative path is taken from the configuration's folder. @throws the
   * system's error
   */
  readonly readFile: (path: string) => string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const elsewhere = (key: string): Form => ({
  type: "object",
  properties: { [key]: { type: "string", minLength: 1 } },
  required: [key],
  additionalProperties: false,
});

export const secretForm: Form = {
  anyOf: [{ type: "string" }, elsewhere("file"), elsewhere("env")],
};

/** A value in place, in a file, or in the environment; without the line end that files have. */
export function secret<T>(sources: Sources, parse: ValueParser<T>) {
  return field<T>((value) => {
    const read = isMap(value) ? readElsewhere(value, sources) : ok(value);
    if (!read.ok) return read;
    return parse(typeof read.value === "string" ? read.value.trimEnd() : read.value);
  }, secretForm);
}

/** The path of a file that can be read. */
export function readable(sources: Sources): ValueParser<string> {
  return (value) => {
    if (typeof value !== "string")
      return bad(`${quote(value)} is no path`, "relative to the folder of this file");
    const read = readFile(value, sources);
    return read.ok ? ok(value) : read;
  };
}

/** Certificates to trust: a path, or as above. */
export function certificates(sources: Sources): ValueParser<string> {
  return pem(sources, certificateFault);
}

/** A certificate and its key by themselves; `pemPair` sees that they belong together. */
export function keyPair(sources: Sources) {
  return {
    certificate: field(pem(sources, certificateFault), secretForm),
    privateKey: field(pem(sources, privateKeyFault), secretForm),
  };
}

/**
 * The certificate (with its chain) and its key: paths, or as above. Both are read, and must belong
 * together.
 */
export function pemPair(sources: Sources) {
  return z.strictObject(keyPair(sources)).transform((pair: TlsIdentity, context): TlsIdentity => {
    const certificate = new X509Certificate(pair.certificate);
    if (certificate.checkPrivateKey(createPrivateKey(pair.privateKey))) return pair;
    context.issues.push({
      code: "custom",
      message: "does not belong to the certificate",
      params: { hint: "the key that the certificate was requested with" },
      path: ["privateKey"],
      input: undefined,
    });
    return z.NEVER;
  });
}

function pem(sources: Sources, fault: (text: string) => string | undefined): ValueParser<string> {
  return (value) => {
    const read = typeof value === "string" ? readFile(value, sources) : readMap(value, sources);
    if (!read.ok) return read;
    const wrong = fault(read.value);
    return wrong === undefined ? read : bad(wrong, "a PEM file");
  };
}

function readMap(value: unknown, sources: Sources): ValueParse<string> {
  if (isMap(value)) return readElsewhere(value, sources);
  return bad(`${quote(value)} is no path`, "a path, { file: … } or { env: … }");
}

function readElsewhere(
  value: Readonly<Record<string, unknown>>,
  sources: Sources,
): ValueParse<string> {
  const { file, env, ...others } = value;
  const isOne = (file === undefined) !== (env === undefined) && Object.keys(others).length === 0;
  if (isOne && typeof file === "string") return readFile(file, sources);
  if (isOne && typeof env === "string") return readEnvironment(env, sources);
  return bad("is not one of { file: … } and { env: … }", "a path, or the name of a variable");
}

function readEnvironment(variable: string, { environment }: Sources): ValueParse<string> {
  const value = environment[variable];
  if (value !== undefined && value !== "") return ok(value);
  return bad(`the environment has no ${variable}`, "set it where Godwit is started");
}

function readFile(path: string, sources: Sources): ValueParse<string> {
  try {
    return ok(sources.readFile(path));
  } catch (error) {
    return bad(`cannot read "${path}": ${reasonOf(error)}`, "relative to the folder of this file");
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

function certificateFault(text: string): string | undefined {
  try {
    new X509Certificate(text);
    return undefined;
  } catch {
    return "holds no certificate";
  }
}

function privateKeyFault(text: string): string | undefined {
  try {
    createPrivateKey(text);
    return undefined;
  } catch {
    return text.includes("ENCRYPTED") ? "holds a key under a passphrase" : "holds no private key";
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
