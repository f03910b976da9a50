/** A transport whose connections go to where somebody listens now: ports change with each start. */
import { systemClock } from "#lib/clock";
import { bunTransport } from "#lib/net/bun-transport";
import { ConnectFailed, type Endpoint, type Transport } from "#lib/net/transport";

export function followingTransport(place: () => Endpoint | undefined): Transport {
  const real = bunTransport(systemClock);
  return {
    listen: (at, accept) => real.listen(at, accept),
    async connect(_, options, handler) {
      const to = place();
      if (to === undefined) throw new ConnectFailed("nobody listens at the moment");
      return await real.connect(to, options, handler);
    },
  };
}
