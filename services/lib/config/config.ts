/**
 * The configuration as the program works with it: durations in milliseconds, sizes in bytes, paths
 * absolute, secrets read. What the file leaves out and a service has a default for is left out
 * here.
 */
import type { Shaping, ShapingFile } from "#lib/shaping/shaping";
import type { Written } from "./schema.ts";

/** All the way down. */
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

export type ListenerConfig = Frozen<NonNullable<Written["listeners"]>[number]>;
export type TokenConfig = Frozen<Written["tokens"][number]>;
export type UserConfig = Frozen<Written["users"][number]>;
export type RouteConfig = Frozen<Written["routes"][number]>;
export type DeliverySettings = Frozen<Omit<Written["delivery"], "name">> & {
  /** The worker's. */
  readonly name: string;
};
export type NatsConfig = Frozen<NonNullable<Written["nats"]>>;
export type CassandraConfig = Frozen<NonNullable<Written["cassandra"]>>;
export type EventsConfig = Omit<Frozen<Written["events"]>, "file"> & {
  readonly file: Omit<Frozen<Written["events"]["file"]>, "folder"> & { readonly folder: string };
};
export type LogLevel = Written["log"]["level"];

export interface Config
  extends Frozen<
    Omit<
      Written,
      "hostname" | "shards" | "limits" | "listeners" | "shaping" | "delivery" | "control" | "events"
    >
  > {
  readonly hostname: string;
  readonly shards: number;
  readonly listeners: readonly ListenerConfig[];
  /** Of the edge as a whole; those of sessions are in each listener. */
  readonly limits: Frozen<Written["limits"]["edge"]>;
  /** What the files say, over the shipped one. */
  readonly shaping: Shaping;
  /** By their names as faults and provenances have them. */
  readonly shapingFiles: readonly ShapingFile[];
  readonly delivery: DeliverySettings;
  readonly control: ControlConfig;
  readonly events: EventsConfig;
}

export interface ControlConfig {
  readonly address: string;
  readonly port: number;
  /** The operators' token; made at the first start when it is not there. */
  readonly tokenFile: string;
  /** The token itself, when the file has it or names its place; then `tokenFile` is not looked at. */
  readonly token?: string;
}
