/** An operator who holds destinations back, as the control role does it: in the store first, then the workers are told. */
import type { Clock } from "#lib/clock";
import type { MemoryBus } from "#lib/leases/memory-bus";
import type { Destination } from "#lib/queue/unit";
import type { MemoryStore } from "#lib/store/memory";
import type { Hold } from "#lib/store/store";
import { adminRequest } from "#proto/admin";
import type { Trail } from "../witness/trail.ts";
import type { Witness } from "../witness/witness.ts";

export interface OperatorPorts {
  readonly clock: Clock;
  readonly bus: MemoryBus;
  readonly store: MemoryStore;
  readonly witness: Witness;
  readonly trail: Trail;
}

export class Operator {
  readonly #ports: OperatorPorts;
  readonly #held = new Set<Destination>();

  constructor(ports: OperatorPorts) {
    this.#ports = ports;
  }

  hold(name: string, forMs: number): void {
    const { clock } = this.#ports;
    const destination = name as Destination;
    if (this.#held.has(destination)) return;
    this.#held.add(destination);
    void this.#hold({ destination, reason: "simulated", since: clock.now() });
    clock.after(forMs, () => this.#release(destination));
  }

  releaseAll(): void {
    for (const destination of this.#held) this.#release(destination);
  }

  async #hold(hold: Hold): Promise<void> {
    const { store, bus, witness, trail } = this.#ports;
    const { destination } = hold;
    await store.putHold(hold);
    trail.note(`held ${destination}`);
    witness.holds.held(destination);
    await bus.askAll(adminRequest("queue.hold", hold));
  }

  #release(destination: Destination): void {
    if (!this.#held.delete(destination)) return;
    const { store, bus, witness, trail } = this.#ports;
    trail.note(`released ${destination}`);
    witness.holds.releasing(destination);
    void store.dropHold(destination);
    void bus.askAll(adminRequest("queue.release", { destination }));
  }
}
