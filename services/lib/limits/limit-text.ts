/** A limit's value as it is written in a shaping file: `10/min`, `50MiB/h`, `20`. */
import type { CapLimit, CountedLimit } from "./limit.ts";
import { printByteRate, printRate } from "./rate.ts";

export type LimitValue =
  | Pick<Extract<CountedLimit, { readonly rate: unknown }>, "kind" | "rate">
  | Pick<Extract<CountedLimit | CapLimit, { readonly max: unknown }>, "kind" | "max">;

export function limitText(limit: LimitValue): string {
  if ("max" in limit) return String(limit.max);
  return limit.kind === "bytes" ? printByteRate(limit.rate) : printRate(limit.rate);
}
