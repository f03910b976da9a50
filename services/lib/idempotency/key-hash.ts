/** Under which name a key is kept. */
import { createHash } from "node:crypto";

/** SHA-256: a customer's key is whatever they like, in any alphabet, and nobody else's to read. */
export function keyHash(tenant: string, key: string): Buffer {
  return createHash("sha256")
    .update(JSON.stringify([tenant, key]))
    .digest();
}
