/** The suites of Intake, Stream and Journal on real NATS servers. */
import { describe } from "bun:test";
import { temporaryClusterLog } from "../conformance/cluster.ts";
import { intakeStreamSuite } from "../conformance/intake-stream.ts";
import { journalSuite } from "../conformance/journal.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();

describe.skipIf(noNats !== undefined)(titled("one server", noNats), () => {
  intakeStreamSuite("JetStream", temporaryClusterLog);
  journalSuite("JetStream", temporaryClusterLog);
});
