/** Seam: DNS, with the three answers that mail must tell apart. */

/**
 * `none`: the name exists without such records (NODATA). `nxdomain`: no such name. `failure`:
 * unknown is transient.
 */
export type Answer<T> =
  | { readonly kind: "records"; readonly records: readonly T[]; readonly ttlMs: number }
  | { readonly kind: "none" }
  | { readonly kind: "nxdomain" }
  | { readonly kind: "failure"; readonly reason: string };

export interface MxRecord {
  readonly preference: number;
  /** Lower case, no trailing dot; "" for the root (null MX, RFC 7505). */
  readonly exchange: string;
}

/**
 * Follows CNAMEs. Names are lower-case A-labels without trailing dot. Never rejects: failure is an
 * answer.
 */
export interface Resolver {
  mx(domain: string): Promise<Answer<MxRecord>>;
  /** IPv4 addresses in dotted form. */
  a(host: string): Promise<Answer<string>>;
  aaaa(host: string): Promise<Answer<string>>;
  /** Strings of one record joined (RFC 7208 §3.3). */
  txt(name: string): Promise<Answer<string>>;
}
