/** Writes the description of the submission API anew: to be run when the API changes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openApiDocument } from "../services/edge/http/description/openapi.ts";

const text = `${JSON.stringify(openApiDocument(), undefined, 2)}\n`;
writeFileSync(join(import.meta.dir, "openapi.json"), text);
