import { beforeAll, describe } from "bun:test";
import { cassandraTables, temporaryStore } from "../conformance/cassandra.ts";
import { storeSuite } from "../conformance/store.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";

const missing = cassandraMissing();

describe.skipIf(missing !== undefined)(titled("on a real server", missing), () => {
  beforeAll(async () => {
    await cassandraTables();
  }, 240_000);

  storeSuite("Cassandra", () => temporaryStore());
});
