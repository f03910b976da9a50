import { expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { transportSuite } from "../../test/conformance/transport.ts";
import { RecordingHandler } from "../../test/support/recording-handler.ts";
import { epollTransport } from "./epoll-transport.ts";

const transport = epollTransport(systemClock);

test("the system's calls are to be had on Linux with glibc, where this is tried", () => {
  expect(transport).toBeDefined();
});

if (transport !== undefined) {
  transportSuite(
    "sockets of the system",
    async () => ({
      transport,
      address: "127.0.0.1",
      // Nobody asks for it.
      identity: { certificate: "", privateKey: "" },
      canVerify: false,
      wait: (pending) => pending,
      close: async () => {},
    }),
    "clear",
  );
}

test("several may listen at a port that is shared", async () => {
  const sharing = epollTransport(systemClock, { port: "shared" });
  const accept = (connection: ConstructorParameters<typeof RecordingHandler>[0]) =>
    new RecordingHandler(connection);
  const first = await sharing?.listen({ address: "127.0.0.1", port: 0 }, accept);
  const at = first?.local ?? { address: "", port: 0 };
  const second = await sharing?.listen(at, accept);
  expect(second?.local).toEqual(at);
  await Promise.all([first?.stop(), second?.stop()]);
});
