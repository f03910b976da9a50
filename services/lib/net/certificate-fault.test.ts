import { expect, test } from "bun:test";
import { isCertificateFault } from "./certificate-fault.ts";

const withCode = (code: string) => Object.assign(new Error("no"), { code });

test.each<readonly [unknown, boolean]>([
  [withCode("DEPTH_ZERO_SELF_SIGNED_CERT"), true],
  [withCode("ERR_TLS_CERT_ALTNAME_INVALID"), true],
  [withCode("ECONNREFUSED"), false],
  [new Error("certificate"), false],
  ["CERT_HAS_EXPIRED", false],
])("isCertificateFault() goes by the code: %#", (error, isFault) => {
  expect(isCertificateFault(error)).toBe(isFault);
});
