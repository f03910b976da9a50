/** The nodes of one cluster of servers in one folder, which end with the process that started them. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freeLoopback, type Loopback } from "./loopback.ts";
import { type NodePlan, ServerNode } from "./server-node.ts";
import { Watchdog } from "./watchdog.ts";

export interface GroupOptions {
  readonly nodes: number;
  /** Kept, with its addresses, for the next start. Without it: a temporary one, removed at the end. */
  readonly folder: string | undefined;
}

export interface GroupPlan extends GroupOptions {
  readonly name: string;
  readonly portCount: number;
  /** Writes the node's configuration, too. Nodes count from 0. */
  readonly plan: (node: number, place: GroupPlace) => Promise<NodePlan>;
}

export interface GroupPlace extends Loopback {
  readonly folder: string;
}

export class ServerGroup implements AsyncDisposable {
  readonly place: GroupPlace;
  readonly #nodes: readonly ServerNode[];
  readonly #watchdog: Watchdog;
  readonly #isKept: boolean;

  static async start(options: GroupPlan): Promise<ServerGroup> {
    const place = await placeOf(options);
    const isKept = options.folder !== undefined;
    const watchdog = new Watchdog(isKept ? undefined : place.folder);
    const plans = await Promise.all(place.addresses.map((_, node) => options.plan(node, place)));
    const nodes = plans.map((plan) => new ServerNode(plan, watchdog));
    const group = new ServerGroup({ place, nodes, watchdog, isKept });
    try {
      for (const node of nodes) node.launch();
      await Promise.all(nodes.map((node) => node.ready()));
      return group;
    } catch (error) {
      await group.stop();
      throw error;
    }
  }

  private constructor(parts: {
    readonly place: GroupPlace;
    readonly nodes: readonly ServerNode[];
    readonly watchdog: Watchdog;
    readonly isKept: boolean;
  }) {
    this.place = parts.place;
    this.#nodes = parts.nodes;
    this.#watchdog = parts.watchdog;
    this.#isKept = parts.isKept;
  }

  get nodes(): readonly ServerNode[] {
    return this.#nodes;
  }

  get folder(): string {
    return this.place.folder;
  }

  /** Of those that run. */
  get pids(): readonly number[] {
    return this.#nodes.flatMap(({ pid }) => pid ?? []);
  }

  /** kill -9. Resolves when it is gone; its data stays. */
  kill(node: number): Promise<void> {
    return this.#node(node).kill();
  }

  /** SIGTERM; resolves when it is gone. */
  terminate(node: number): Promise<void> {
    return this.#node(node).terminate();
  }

  /** Starts what was killed, on its data and its addresses. Resolves when it is ready. */
  restart(node: number): Promise<void> {
    return this.#node(node).start();
  }

  /** Starts all that does not run at once: a quorum may be needed before any of them is ready. */
  async restartAll(): Promise<void> {
    const down = this.#nodes.filter(({ pid }) => pid === undefined);
    for (const node of down) node.launch();
    await Promise.all(down.map((node) => node.ready()));
  }

  /** SIGSTOP. Resolves when it does nothing any more. */
  pause(node: number): Promise<void> {
    return this.#node(node).pause();
  }

  /** SIGCONT. */
  resume(node: number): void {
    this.#node(node).resume();
  }

  /** In order where the data is kept, at once where it is not. */
  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => (this.#isKept ? node.terminate() : node.kill())));
    if (!this.#isKept) await rm(this.place.folder, { recursive: true, force: true });
    await this.#watchdog.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #node(node: number): ServerNode {
    const it = this.#nodes[node];
    if (it === undefined) throw new Error(`There is no node ${node}, only ${this.#nodes.length}`);
    return it;
  }
}

async function placeOf({ name, nodes, folder, portCount }: GroupPlan): Promise<GroupPlace> {
  if (folder === undefined) {
    const temporary = await mkdtemp(join(tmpdir(), `godwit-${name}-`));
    return { folder: temporary, ...(await freeLoopback(nodes, portCount)) };
  }
  const kept = resolve(folder);
  await mkdir(kept, { recursive: true });
  const file = join(kept, "addresses.json");
  // A server of a cluster knows the others by their addresses.
  if (await Bun.file(file).exists()) {
    const loopback: Loopback = JSON.parse(await readFile(file, "utf8"));
    if (loopback.addresses.length !== nodes) {
      throw new Error(`${kept} holds ${loopback.addresses.length} nodes, not ${nodes}`);
    }
    return { folder: kept, ...loopback };
  }
  const loopback = await freeLoopback(nodes, portCount);
  await writeFile(file, JSON.stringify(loopback));
  return { folder: kept, ...loopback };
}
