/** `godwit shaping …`: what is wrong with shaping files, what they say of a way, what they change. */
import type { Command } from "commander";
import { shippedRulesText } from "#lib/automation/rules-file";
import type { Config } from "#lib/config/config";
import type { Fault } from "#lib/config/fault";
import { differences } from "#lib/shaping/differences";
import type { LayeredShaping } from "#lib/shaping/layered-shaping";
import { defaultShaping, loadShaping, shippedFile } from "#lib/shaping/load";
import type { ShapingFile } from "#lib/shaping/shaping";
import { configured, faultText, readConfiguration, whyUnreadable } from "../configuration.ts";
import { CommandFailed, type Io } from "../io.ts";
import { jsonText, printable, table } from "../table.ts";
import { plainRule, type ReplyOptions, rulesFor, rulesText } from "./rules.ts";
import { type ShowOptions, show, showText } from "./show.ts";

interface FileOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function addShapingCommands(shaping: Command, io: Io): void {
  withFiles(shaping.command("check"))
    .description("every fault at once, with line, column and hint; exit code 2 when there is one")
    .action((files: readonly string[], options: FileOptions) => check(io, files, options));
  withFiles(shaping.command("diff"))
    .description("what the files change against what Godwit brings along")
    .action((files: readonly string[], options: FileOptions) => {
      const loaded = understood(io, files, options);
      const changed = differences(loaded, defaultShaping());
      io.out(options.json ? jsonText(changed) : differenceText(changed));
    });
  shaping
    .command("show")
    .description("what applies to mail for a domain, and where it is said")
    .argument("<domain>", "a domain, or an address there")
    .option("--mx <host...>", "its mail exchangers, which are not looked up")
    .option("--provider <name>", "its provider, when that is known")
    .option("--source <name>", "mail from this source")
    .option("--tenant <name>", "mail of this tenant")
    .option("--campaign <name>", "mail of this campaign")
    .option("-c, --config <file>", "the configuration (default: godwit.yaml, or none)")
    .option("--json", "print JSON")
    .action((text: string, options: ShowOptions & FileOptions) => {
      const { config } = configured(io, options.config);
      const shown = show(text, options, config);
      io.out(options.json ? jsonText(shown) : showText(shown));
    });
  withFiles(shaping.command("rules"))
    .description("the rules on replies, and which of them a reply matches")
    .option("--reply <text>", 'only those that it matches: "421 4.7.0 Too many connections"')
    .option("--provider <name>", "said by this provider")
    .option("--destination <domain>", "said about this destination")
    .action((files: readonly string[], options: FileOptions & ReplyOptions) => {
      const { automation } = understood(io, files, options);
      const rules = rulesFor(automation, options);
      if (options.json) return io.out(jsonText({ rules: rules.map(plainRule) }));
      if (rules.length === 0) return io.err("None does.\n");
      io.out(rulesText(rules));
    });
  shaping
    .command("defaults")
    .description("what Godwit brings along: where it says shipped:12, that is line 12 of this")
    .option("--rules", "its rules on replies: where it says shipped-rules:12")
    .action((options: { readonly rules?: boolean }) => {
      io.out(options.rules ? shippedRulesText() : shippedFile.text);
    });
}

function withFiles(command: Command): Command {
  return command
    .argument("[files...]", "shaping files, the later over the earlier (default: the configured)")
    .option("-c, --config <file>", "the configuration (default: godwit.yaml, or none)")
    .option("--json", "print JSON");
}

function check(io: Io, files: readonly string[], options: FileOptions): void {
  const { names, faults, configFile } = checked(io, files, options);
  if (options.json) {
    io.out(jsonText({ files: names, faults }));
    if (faults.length > 0) throw new CommandFailed("", 2);
    return;
  }
  if (faults.length > 0) {
    const fileName = configFile ?? names[0] ?? "";
    throw new CommandFailed(faultText({ faults, fileName }), 2);
  }
  if (names.length === 0)
    io.out("No shaping files are configured: what Godwit brings along applies\n");
  for (const name of names) io.out(`${printable(name)}: no faults\n`);
}

interface Checked {
  readonly names: readonly string[];
  readonly faults: readonly Fault[];
  /** When the files are those that it lists. */
  readonly configFile?: string;
}

function checked(io: Io, files: readonly string[], { config }: FileOptions): Checked {
  if (files.length > 0) {
    const loaded = loadShaping(files.map((name) => fileOf(io, name)));
    return { names: files, faults: "faults" in loaded ? loaded.faults : [] };
  }
  const read = readConfiguration(io, config);
  if ("faults" in read) return { names: [], faults: read.faults, configFile: read.fileName };
  return { names: read.config.shapingFiles.map(({ name }) => name), faults: [] };
}

/** @throws {CommandFailed} with every fault */
function understood(io: Io, files: readonly string[], options: FileOptions): LayeredShaping {
  const texts = files.map((name) => fileOf(io, name));
  const { shapingFiles }: Pick<Config, "shapingFiles"> =
    files.length > 0 ? { shapingFiles: texts } : configured(io, options.config).config;
  const loaded = loadShaping(shapingFiles);
  if ("shaping" in loaded) return loaded.shaping;
  throw new CommandFailed(faultText({ faults: loaded.faults, fileName: files[0] ?? "" }), 2);
}

/** @throws {CommandFailed} */
function fileOf(io: Io, name: string): ShapingFile {
  try {
    return { name, text: io.readFile(name) };
  } catch (error) {
    throw new CommandFailed(`Cannot read "${name}": ${whyUnreadable(error)}`, 2);
  }
}

function differenceText(changed: ReturnType<typeof differences>): string {
  if (changed.length === 0) return "Nothing is changed: what Godwit brings along applies\n";
  const heading = ["ENTRY", "KEY", "SHIPPED", "NOW", "SAID AT"];
  const rows = changed.map(({ entry, key, before = "-", after = "-", provenance }) => [
    entry,
    key,
    before,
    after,
    provenance,
  ]);
  return table(heading, rows);
}
