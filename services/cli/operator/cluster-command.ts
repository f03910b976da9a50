/** `godwit cluster status`: workers, shards, owners, epochs, lag, and who waits for what. */
import type { Command } from "commander";
import { spanText } from "../duration.ts";
import type { Io } from "../io.ts";
import { jsonText, printable, table } from "../table.ts";
import { type ClusterStatus, readClusterStatus } from "./control-answers.ts";
import { type ControlOptions, controlOf, withControlOptions } from "./control-target.ts";
import { splitsText } from "./splits-text.ts";

export function addClusterCommand(program: Command, io: Io): void {
  const cluster = program.command("cluster").description("the workers, and which shards are whose");
  withControlOptions(cluster.command("status"))
    .description("workers, shards, owners, epochs, lag, and who waits for what")
    .action(async (options: ControlOptions) => {
      const { client } = controlOf(io, options);
      const status = await client.get("/v1/cluster", {}, readClusterStatus);
      io.out(options.json ? jsonText(status) : statusText(status));
    });
}

type Shard = ClusterStatus["shards"][number];

export function statusText({ workers, shards, splits }: ClusterStatus): string {
  const workerRows = workers.map(({ name, standing, silentMs, shards: count }) => [
    name,
    standing,
    `${spanText(silentMs)} ago`,
    String(count),
  ]);
  const shardRows = shards.map((shard) => [
    String(shard.shard),
    shard.state,
    shard.owner ?? "",
    shard.epoch === undefined ? "" : String(shard.epoch),
    String(shard.floor),
    shard.lag === undefined ? "?" : String(shard.lag),
    waitsText(shard),
  ]);
  return [
    workers.length === 0 ? "No worker is heard of.\n" : "",
    ...(workers.length === 0 ? [] : [table(["WORKER", "STANDING", "HEARD", "SHARDS"], workerRows)]),
    "\n",
    table(["SHARD", "STATE", "OWNER", "EPOCH", "FLOOR", "LAG", "WAITS"], shardRows),
    splitsText(splits),
  ].join("");
}

function waitsText({ state, owner, waitsFor }: Shard): string {
  const heir = waitsFor === undefined ? "any worker" : waitsFor;
  switch (state) {
    case "moving":
      return printable(`${heir} waits for ${owner} to hand it over`);
    case "orphaned":
      return printable(`${owner} is not heard of: ${heir} takes it over`);
    case "free":
      return printable(`${heir} is to claim it`);
    default:
      return "";
  }
}
