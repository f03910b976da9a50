/**
 * Writes what the chart has of the program anew: to be run when keys of godwit.yaml, values or NATS
 * permissions change.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { natsRightsText } from "./nats-rights.ts";
import { valuesSchemaText } from "./values-schema.ts";

const chart = join(import.meta.dir, "godwit");
writeFileSync(join(chart, "values.schema.json"), valuesSchemaText());
writeFileSync(join(chart, "files", "nats-rights.json"), natsRightsText());
