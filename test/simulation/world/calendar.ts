/** Lets the incidents of a plan happen to a world. */
import type { EdgeProcess } from "../process/edge-process.ts";
import type { WorkerProcess } from "../process/worker-process.ts";
import type { World } from "./world.ts";
import type { Incident } from "./world-plan.ts";

export class Calendar {
  readonly #world: World;
  #isHealed = false;

  constructor(world: World) {
    this.#world = world;
  }

  plan(incidents: readonly Incident[]): void {
    const { clock } = this.#world;
    for (const incident of incidents) {
      clock.after(incident.atMs, () => {
        if (!this.#isHealed) this.#happen(incident);
      });
    }
  }

  /** Whatever is to come does not. */
  heal(): void {
    this.#isHealed = true;
    this.#world.heal();
  }

  /** Nobody goes on behind the end of the run. */
  end(): void {
    for (const process of [...this.#world.edges, ...this.#world.workers]) process.kill();
  }

  #happen(incident: Incident): void {
    const { clock, trail, witness, resolver, operator } = this.#world;
    trail.note(`incident ${JSON.stringify(incident)}`);
    switch (incident.kind) {
      case "kill":
      case "pause":
      case "stop":
        this.#trouble(incident.kind, incident.process, incident.forMs);
        return;
      case "atCall": {
        const { process, what, forMs } = incident;
        const trouble = () => this.#trouble(what, process, forMs);
        this.#process(process).faults?.afterCalls(incident, trouble);
        return;
      }
      case "isolate": {
        const worker = this.#worker(incident.process);
        worker?.isolate();
        clock.after(incident.forMs, () => worker?.rejoin());
        return;
      }
      case "cutOff": {
        const { faults } = this.#process(incident.process);
        for (const seam of incident.seams) {
          faults?.cutOff(seam, incident.what);
          clock.after(incident.forMs, () => faults?.reconnect(seam));
        }
        return;
      }
      case "clockStep":
        clock.step(incident.byMs);
        witness.standing.clockStepped();
        return;
      case "dnsFails":
        resolver.fail("SERVFAIL", incident.name);
        clock.after(incident.forMs, () => resolver.recover());
        return;
      case "hold":
        operator.hold(incident.name, incident.forMs);
    }
  }

  #trouble(what: "kill" | "pause" | "stop", name: string, forMs: number): void {
    if (what === "stop") void this.#stop(name, forMs);
    else if (what === "pause") this.#pause(name, forMs);
    else {
      this.#process(name).kill();
      this.#startAfter(name, forMs);
    }
  }

  #pause(name: string, forMs: number): void {
    const worker = this.#worker(name);
    worker?.pause();
    this.#world.clock.after(forMs, () => worker?.resume());
  }

  async #stop(name: string, forMs: number): Promise<void> {
    await this.#worker(name)?.stop();
    this.#startAfter(name, forMs);
  }

  #startAfter(name: string, forMs: number): void {
    const { clock } = this.#world;
    clock.after(this.#isHealed ? 0 : forMs, () => this.#process(name).start());
  }

  #worker(name: string): WorkerProcess | undefined {
    return this.#world.workers.find((worker) => worker.name === name);
  }

  #process(name: string): WorkerProcess | EdgeProcess {
    const { workers, edges } = this.#world;
    const found = [...workers, ...edges].find((process) => process.name === name);
    if (found === undefined) throw new Error(`Cannot find process "${name}"`);
    return found;
  }
}
