/** `godwit cluster status`: workers, shards, who waits for what, and what the streams lack. */
import type { Command } from "commander";
import { spanText } from "../duration.ts";
import { CommandFailed, type Io } from "../io.ts";
import { jsonText, printable, table } from "../table.ts";
import { type ClusterStatus, readClusterStatus } from "./control-answers.ts";
import { type ControlOptions, controlOf, withControlOptions } from "./control-target.ts";
import { replicasText } from "./replicas-text.ts";
import { splitsText } from "./splits-text.ts";
import { rangesText } from "./unanswered.ts";

interface StatusOptions extends ControlOptions {
  readonly shards?: string;
}

export function addClusterCommand(program: Command, io: Io): void {
  const cluster = program.command("cluster").description("the workers, and which shards are whose");
  withControlOptions(cluster.command("status"))
    .description(
      "workers, shards, owners, epochs, lag, who waits for what, and streams that lack replicas",
    )
    .option("--shards <which>", "all: each shard, not only those that are not as they should be")
    .action(async (options: StatusOptions) => {
      const { shards: which } = options;
      if (which !== undefined && which !== "all") {
        throw new CommandFailed(`--shards: "${which}" is not "all"`, 2);
      }
      const { client } = controlOf(io, options);
      const status = await client.get("/v1/cluster", {}, readClusterStatus);
      if (options.json) return io.out(jsonText(status));
      io.out(statusText(status, { isEach: which === "all" }));
    });
}

type Shard = ClusterStatus["shards"][number];
type ShortName = (worker: string) => string;

export function statusText(status: ClusterStatus, { isEach }: { isEach: boolean }): string {
  const nameOf = shortNames(status);
  const shards = isEach ? eachText(status, nameOf) : conspicuousText(status, nameOf);
  return `${workersText(status, nameOf)}\n${shards}${splitsText(status.splits)}${replicasText(status.replicas)}`;
}

function workersText({ workers, shards }: ClusterStatus, nameOf: ShortName): string {
  if (workers.length === 0) return "No worker is heard of.\n";
  const rows = workers.map(({ name, standing, silentMs, shards: count, unanswered }) => {
    const own = shards.filter(({ owner }) => owner === name);
    const most = own.reduce<Shard | undefined>((a, b) => (lagOf(b) > lagOf(a) ? b : a), undefined);
    return [
      nameOf(name),
      standing,
      `${spanText(silentMs)} ago`,
      String(count),
      totalLag(own),
      most === undefined ? "" : `${most.lag} in ${most.shard}`,
      own.every(({ unsettled }) => unsettled === undefined)
        ? ""
        : String(own.reduce((sum, { unsettled = 0 }) => sum + unsettled, 0)),
      unanswered ?? "",
    ];
  });
  const heading = ["WORKER", "STANDING", "HEARD", "SHARDS", "LAG", "MOST", "UNITS", "SILENT"];
  return table(heading, rows);
}

/** Those that wait for something, together when they wait for the same. */
function conspicuousText({ shards }: ClusterStatus, nameOf: ShortName): string {
  const others = shards.filter(
    (shard) => waitsText(shard, nameOf) !== "" || shard.lag === undefined,
  );
  const count = shards.length - others.length;
  const good = others.length === 0 ? `All ${count}` : `${count} of ${shards.length}`;
  const hint = "(--shards all shows each)";
  const groupOf = (shard: Shard) => `${shard.state} ${whyText(shard, nameOf)}`;
  const lines = [`${good} shards are as they should be ${hint}`];
  for (const alike of Map.groupBy(others, groupOf).values()) {
    const [first] = alike;
    if (first === undefined) continue;
    const which = rangesText(alike.map(({ shard }) => shard));
    lines.push(`  ${which}: ${first.state}, lag ${totalLag(alike)}`);
    lines.push(`    ${whyText(first, nameOf)}`);
  }
  return lines.map((line) => `${printable(line)}\n`).join("");
}

function eachText({ shards }: ClusterStatus, nameOf: ShortName): string {
  const rows = shards.map((shard) => [
    String(shard.shard),
    shard.state,
    shard.owner === undefined ? "" : nameOf(shard.owner),
    shard.epoch === undefined ? "" : String(shard.epoch),
    String(shard.floor),
    shard.lag === undefined ? "?" : String(shard.lag),
    waitsText({ ...shard, owner: undefined }, nameOf),
  ]);
  return table(["SHARD", "STATE", "OWNER", "EPOCH", "FLOOR", "LAG", "WAITS"], rows);
}

function whyText(shard: Shard, nameOf: ShortName): string {
  const waits = waitsText(shard, nameOf);
  return waits === "" ? "its log does not answer, so its lag is not known" : waits;
}

/** Empty for one that is as it should be. */
function waitsText(shard: Shard, nameOf: ShortName): string {
  const { state, owner, waitsFor, waitsMs, reason } = shard;
  const its = owner === undefined ? "its owner" : nameOf(owner);
  const heir = waitsFor === undefined ? "any worker" : nameOf(waitsFor);
  switch (state) {
    case "owned":
      return "";
    case "heldUp":
      return `${its}: ${reason ?? "it cannot go on"}`;
    case "takingOver":
      return `${its} is taking it over`;
    case "moving":
      return `${its} hands it over to ${heir}`;
    case "silent": {
      const when = waitsMs === undefined ? "" : ` in ${spanText(waitsMs)}`;
      return `${its} says nothing: ${heir} takes it over${when}`;
    }
    case "orphaned":
      return `${its} is dead: ${heir} takes it over`;
    case "free":
      return `${heir} is to claim it`;
    default:
      return reason ?? "this version does not know that state";
  }
}

/** A worker's name without its incarnation, where that is enough to know it. */
function shortNames({ workers, shards }: ClusterStatus): ShortName {
  const owners = shards.flatMap(({ owner }) => owner ?? []);
  const names = new Set([...workers.map(({ name }) => name), ...owners]);
  const lives = Map.groupBy(names, short);
  return (name) => ((lives.get(short(name))?.length ?? 0) > 1 ? name : short(name));
}

function short(name: string): string {
  const slash = name.lastIndexOf("/");
  return slash > 0 ? name.slice(0, slash) : name;
}

function lagOf(shard: Shard | undefined): number {
  return shard?.lag ?? 0;
}

function totalLag(shards: readonly Shard[]): string {
  const sum = shards.reduce((total, shard) => total + lagOf(shard), 0);
  return shards.some(({ lag }) => lag === undefined) ? `${sum}+` : String(sum);
}
