/** Bearer tokens (RFC 6750 §2.1), known by their hash alone. */
import { createHash } from "node:crypto";
import type { TokenConfig } from "../config.ts";

export const tokenHashPrefix = "sha256:";

/** As the configuration has it. A token is 256 random bits: nothing slower is gained by guesses. */
export function hashOfToken(token: string): string {
  return tokenHashPrefix + createHash("sha256").update(token).digest("hex");
}

export class Tokens {
  #byHash: ReadonlyMap<string, TokenConfig>;

  constructor(tokens: readonly TokenConfig[]) {
    this.#byHash = byHash(tokens);
  }

  /** Takes over a changed configuration. */
  replace(tokens: readonly TokenConfig[]): void {
    this.#byHash = byHash(tokens);
  }

  /** Whose the token in an Authorization field is; undefined: nobody's. */
  ownerOf(authorization: string | undefined): TokenConfig | undefined {
    const [, token] = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization ?? "") ?? [];
    return token === undefined ? undefined : this.#byHash.get(hashOfToken(token));
  }
}

function byHash(tokens: readonly TokenConfig[]): ReadonlyMap<string, TokenConfig> {
  return new Map(tokens.map((token) => [token.tokenHash, token]));
}
