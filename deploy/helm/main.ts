/** Writes the chart's values.schema.json anew: to be run when keys of godwit.yaml or values change. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { valuesSchemaText } from "./values-schema.ts";

writeFileSync(join(import.meta.dir, "godwit", "values.schema.json"), valuesSchemaText());
