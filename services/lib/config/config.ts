/**
 * The configuration as the program works with it: durations in milliseconds, sizes in bytes, paths
 * absolute, secrets read. What the file leaves out and a service has a default for is left out
 * here.
 */
import type { Written } from "./schema.ts";

/** All the way down. */
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

export type ListenerConfig = Frozen<NonNullable<Written["listeners"]>[number]>;
export type UserConfig = Frozen<Written["users"][number]>;
export type RouteConfig = Frozen<Written["routes"][number]>;
export type DeliverySettings = Frozen<Written["delivery"]>;
export type LogLevel = Written["log"]["level"];

export interface Config
  extends Frozen<Omit<Written, "hostname" | "limits" | "listeners" | "control">> {
  readonly hostname: string;
  readonly listeners: readonly ListenerConfig[];
  /** Of the edge as a whole; those of sessions are in each listener. */
  readonly limits: Frozen<Written["limits"]["edge"]>;
  readonly control: ControlConfig;
}

export interface ControlConfig {
  readonly address: string;
  readonly port: number;
  /** The operators' token; made at the first start when it is not there. */
  readonly tokenFile: string;
}
