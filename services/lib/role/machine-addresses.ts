/** The addresses of this machine's interfaces, as they are at the start. */
import { networkInterfaces } from "node:os";

export function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address }) => address),
  );
}
