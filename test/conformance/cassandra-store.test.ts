import { beforeAll, describe } from "bun:test";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";
import { cassandraTables, temporaryStore } from "./cassandra.ts";
import { storeSuite } from "./store.ts";

const missing = cassandraMissing();

describe.skipIf(missing !== undefined)(titled("on a real server", missing), () => {
  beforeAll(async () => {
    await cassandraTables();
  }, 240_000);

  storeSuite("Cassandra", () => temporaryStore());
});
