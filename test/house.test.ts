/** The habits of the house that Biome cannot hold (STYLE: sizes, names, tests, the RFC ledger). */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const root = join(import.meta.dir, "..");
const source = readTree("{services,proto,loadtest,deploy,test}/**/*.{ts,mjs}");
const isTest = (path: string) => path.endsWith(".test.ts");
const production = source.filter(({ path }) => !isTest(path) && !path.startsWith("test/"));

interface File {
  readonly path: string;
  readonly text: string;
}

function readTree(pattern: string): File[] {
  const paths = [...new Bun.Glob(pattern).scanSync({ cwd: root })].sort();
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** `path:line` of each match, so that a failure says where to look. */
function placesOf(files: readonly File[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1} ${line.trim()}`] : [])),
  );
}

describe("the RFC ledger in services/README.md", () => {
  const rows = read("services/README.md").split("## RFC ledger")[1] ?? "";
  const firstCells = rows.split("\n").map((row) => row.split("|")[1] ?? "");
  const listed = new Set(firstCells.flatMap((cell) => cell.match(/\b\d{3,5}\b/g) ?? []));

  test("has a row for every RFC that the code cites", () => {
    const cited = source.flatMap(({ path, text }) =>
      [...text.matchAll(/\bRFC (\d{3,5})/g)].map(([, rfc = ""]) => ({ rfc, path })),
    );
    const missing = new Map<string, string>();
    for (const { rfc, path } of cited) if (!listed.has(rfc)) missing.set(rfc, path);
    expect([...missing].map(([rfc, path]) => `RFC ${rfc}, cited in ${path}`).sort()).toEqual([]);
  });
});

describe("tests", () => {
  const suites = source.filter(({ path }) => isTest(path) || path.startsWith("test/conformance/"));

  test("stand beside every file of lib that does something, or a conformance suite is for it", () => {
    const lib = production.filter(({ path }) => path.startsWith("services/lib/"));
    const untested = lib.filter((file) => !isTypesOnly(file) && !isTested(file));
    expect(untested.map(({ path }) => path)).toEqual([]);
  });

  /**
   * By the test beside it, by a suite that imports it, or as a part of such a file that nobody else
   * uses.
   */
  function isTested({ path }: File): boolean {
    if (existsSync(join(root, path.replace(/\.ts$/, ".test.ts")))) return true;
    return suites.some((suite) => importsOf(suite).has(path)) || isPartOfTested(path);
  }

  function isPartOfTested(path: string): boolean {
    const users = production.filter((file) => usedBy(file).has(path));
    const isInternal = users.every((user) => dirname(user.path) === dirname(path));
    return users.length > 0 && isInternal && users.some(isTested);
  }

  test("never sleep", () => {
    const sleeping = placesOf(
      source.filter(({ path }) => isTest(path)),
      /\bBun\.sleep(Sync)?\(|\bsetTimeout\(|systemClock\.sleep\(/,
    );
    expect(sleeping).toEqual([]);
  });

  test("await what they expect of a promise, and hold up no socket meanwhile", () => {
    const tests = source.filter(({ path }) => isTest(path));
    expect(placesOf(tests, /^\s+expect\(.*\)\.(rejects|resolves)\b/m)).toEqual([]);
    const onSockets = tests.filter(({ path }) =>
      /^test\/(cluster|faults|integration)\//.test(path),
    );
    expect(placesOf(onSockets, /\.(rejects|resolves)\./)).toEqual([]);
  });

  test("transcripts say in their first line what rule they show", () => {
    const transcripts = readTree("test/transcripts/**/*.smtp");
    const silent = transcripts.filter(({ text }) => !/^# .*(RFC \d{3,5}|STYLE|DESIGN)/.test(text));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});

/** What a file runs when it is imported, apart from naming errors, is nothing. */
function isTypesOnly({ text }: File): boolean {
  const errors = /export class \w+ extends \w*Error \{\s*override readonly name = "\w+";\s*\}/g;
  const transpiler = new Bun.Transpiler({ loader: "ts", trimUnusedImports: true });
  const code = transpiler.transformSync(text.replace(errors, ""));
  return code.replace(/^(import|export) .*;$/gm, "").trim() === "";
}

/** Paths from the root that a file imports. */
const importsOf = onceForEach(({ path, text }: File): ReadonlySet<string> => {
  const names = [...text.matchAll(/from "([^"]+)"/g)].map(([, name = ""]) => name);
  return new Set(names.flatMap((name) => resolved(path, name)));
});

/** Those of which it uses more than types; a thread's file is named by its URL. */
const usedBy = onceForEach(({ path, text }: File): ReadonlySet<string> => {
  const imports = text.matchAll(/^import (?!type )[^;"]*from "([^"]+)";$/gm);
  const threads = text.matchAll(/new URL\("([^"]+)", import\.meta\.url\)/g);
  const names = [...imports, ...threads].map(([, name = ""]) => name);
  return new Set(names.flatMap((name) => resolved(path, name)));
});

/** Each file is asked about by every other. */
function onceForEach<T>(of: (file: File) => T): (file: File) => T {
  const known = new WeakMap<File, T>();
  return (file) => {
    const found = known.get(file) ?? of(file);
    known.set(file, found);
    return found;
  };
}

function resolved(from: string, name: string): string[] {
  if (name.startsWith("#lib/")) return [`services/lib/${name.slice(5)}.ts`];
  if (name.startsWith("#proto/")) return [`proto/${name.slice(7)}.ts`];
  return name.startsWith(".") ? [join(dirname(from), name)] : [];
}

describe("sizes", () => {
  const lengths = production.map(({ text }) => text.split("\n").length - 1).sort((a, b) => a - b);

  test("half of the source files have at most 120 lines, nine in ten at most 250", () => {
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(120);
    expect(lengths[Math.floor(lengths.length * 0.9)]).toBeLessThanOrEqual(250);
  });

  test("no block is indented by seven levels", () => {
    expect(placesOf(production, /^ {14,}(if|for|while|switch|try|do)\b/)).toEqual([]);
  });

  test("no folder has more than 15 source files", () => {
    const counts = new Map<string, number>();
    for (const { path } of source.filter((file) => !isTest(file.path))) {
      counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    }
    const full = [...counts].filter(([, count]) => count > 15);
    expect(full).toEqual([]);
  });
});

/** Biome sees the names in an import; where they lead is seen here. */
describe("the dependency rule", () => {
  /** The pure topics, and what each may import beside `assert`. */
  const ring: Readonly<Record<string, readonly string[]>> = {
    smtp: [],
    message: ["smtp"],
    queue: ["smtp", "message"],
    dsn: ["smtp", "message", "queue"],
    limits: ["smtp", "queue"],
    automation: ["smtp", "queue", "limits", "pattern", "config"],
  };
  const services = ["edge", "delivery", "control"];

  test("the pure topics import only one another, each what stands below it", () => {
    const wrong = production.flatMap((file) => {
      const topic = /^services\/lib\/([a-z]+)\//.exec(file.path)?.[1] ?? "";
      const allowed = ring[topic];
      if (allowed === undefined) return [];
      return [...importsOf(withoutTypesOfSeams(file))]
        .filter((target) => target !== "services/lib/assert.ts")
        .filter(
          (target) => ![topic, ...allowed].some((t) => target.startsWith(`services/lib/${t}/`)),
        )
        .map((target) => `${file.path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  /** Clock and Random may be named; only a value of them is an adapter. */
  function withoutTypesOfSeams({ path, text }: File): File {
    return { path, text: text.replace(/^import type .* from "#lib\/(clock|random)";$/gm, "") };
  }

  test("adapters import no service, and services no other", () => {
    const wrong = production.flatMap((file) => {
      const owner = /^services\/([a-z]+)\//.exec(file.path)?.[1] ?? "";
      const others = owner === "lib" ? services : services.filter((s) => s !== owner);
      if (owner !== "lib" && !services.includes(owner)) return [];
      return [...importsOf(file)]
        .filter((target) => [...others, "standalone", "cli"].some(isIn(target)))
        .map((target) => `${file.path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  function isIn(target: string): (service: string) => boolean {
    return (service) => target.startsWith(`services/${service}/`);
  }

  test("lib and proto are imported by their names from the root", () => {
    const leaving = /from "(\.\.\/)+(lib|proto)\//;
    expect(placesOf(production, leaving)).toEqual([]);
  });
});

describe("names", () => {
  test("a file is named for its topic, in kebab-case", () => {
    const vague = /^(utils?|helpers?|types?|common|shared|misc|index|constants?|base)\./;
    const bad = source.filter(({ path }) => {
      const name = basename(path);
      return vague.test(name) || !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.(ts|mjs)$/.test(name);
    });
    expect(bad.map(({ path }) => path)).toEqual([]);
  });

  test("a folder is named for its topic", () => {
    const vague = /(^|\/)(utils?|helpers?|types?|common|shared|misc|base)\//;
    expect(source.filter(({ path }) => vague.test(path)).map(({ path }) => path)).toEqual([]);
  });

  test("no type is an I…, …Impl, …Manager, …Helper or …Util", () => {
    const pattern =
      /^(export )?(abstract )?(class|interface|type) (I[A-Z]\w*|\w+(Impl|Manager|Helper|Utils?))\b/;
    const allowed = /\b(IntakeFull)\b/;
    expect(placesOf(source, pattern).filter((place) => !allowed.test(place))).toEqual([]);
  });
});

describe("code", () => {
  const others = source.filter(({ path }) => path !== "test/house.test.ts");

  test.each([
    ["puts nothing off", /\b(TODO|FIXME|XXX|HACK)\b/, /^test\/runner\/junit\.test\.ts$/],
    ["takes chance from Random", /\bMath\.random\(/, /^$/],
    [
      "takes time from Clock",
      /\b(setTimeout|setInterval)\(/,
      /^services\/lib\/clock\.ts$|^services\/cli\/setup\.mjs$/,
    ],
    ["swallows no error", /catch\s*(\(\w*\))?\s*\{\s*\}/, /^$/],
    [
      "checks types in the compiler, not around it",
      /@ts-(ignore|nocheck|expect-error)/,
      /\.test\.ts$/,
    ],
    ["leaves no focused test behind", /\b(test|describe)\.only\(/, /^$/],
    ["prints through Log or a stream, not the console", /\bconsole\.\w+\(/, /^loadtest\//],
  ] as const)("%s", (_, pattern, allowed) => {
    const files = others.filter(({ path }) => !allowed.test(path));
    expect(placesOf(files, pattern)).toEqual([]);
  });

  /**
   * STYLE §5. Each of these makes a checked type of what it has just looked at, and says so; two
   * give back a type that the compiler has lost (`given()`, `resultOf()`).
   */
  const validators = [
    "proto/record.ts",
    "services/lib/config/limits.ts",
    "services/lib/leases/leases.ts",
    "services/lib/queue/backlog-name.ts",
    "services/lib/queue/queue-id.ts",
    "services/lib/queue/shard.ts",
    "services/lib/queue/unit.ts",
    "services/lib/smtp/address-literal.ts",
    "services/lib/smtp/client/reply-reader.ts",
    "services/lib/smtp/domain.ts",
    "services/lib/smtp/parameters.ts",
    "services/lib/smtp/path.ts",
    "services/lib/smtp/reply.ts",
    "services/lib/smtp/status.ts",
    "services/lib/sqlite/queue-thread.ts",
    "services/lib/stream/journal.ts",
    "services/lib/suppression/suppression.ts",
  ];

  test("asserts a type only where an outside value is validated", () => {
    const asserting = production.filter((file) => {
      return placesOf([withoutProse(file)], assertion).length > 0;
    });
    expect(asserting.map(({ path }) => path)).toEqual(validators);
  });

  /** A template's text may say "as", too, but not with a type behind it. */
  const assertion =
    /\bas ([A-Z{[(]|(any|never|unknown|string|number|boolean|readonly|typeof|keyof)\b)/;

  /** Comments, and names that an import or export gives, are no assertions. */
  function withoutProse({ path, text }: File): File {
    const blank = (prose: string) => prose.replace(/[^\n]/g, " ");
    const code = text
      .replace(/\/\*[\s\S]*?\*\//g, blank)
      .replace(/(^|\s)\/\/.*/g, blank)
      .replace(/^(import|export) [^;]*?\bfrom "/gm, blank)
      .replace(/"[^"\n]*"/g, '""');
    return { path, text: code };
  }

  test("only the entries of a process read the environment", () => {
    const entries = /(^|\/)(main|run|bench|config)\.(ts|mjs)$|setup\.mjs$|^loadtest\/|^test\//;
    const files = production.filter(({ path }) => !entries.test(path));
    expect(placesOf(files, /\bprocess\.env\b|\bBun\.env\b/)).toEqual([]);
  });
});

describe("what is handed to others", () => {
  const texts = readTree("{services,proto,loadtest,test,deploy,.ci}/**/*").concat(
    readTree("*.{md,json}"),
    readTree(".{npmrc,gitignore}"),
  );
  const handed = texts.filter(({ path }) => path !== "test/house.test.ts");

  test("names no path of somebody's machine", () => {
    expect(placesOf(handed, /(?<![\w.])\/(home|work|root|Users)\/[a-z]/)).toEqual([]);
  });

  test("has nothing that README lets its reader write into the clone: no check looks at that", () => {
    const files = read("README.md").matchAll(/cat > ([\w.]+)|shaping: \[([\w.]+)\]/g);
    const written = [...files].map(([, beside, named]) => `/${beside ?? named}`);
    expect(written).toEqual(["/godwit.yaml", "/shaping.yaml"]);
    expect(read(".gitignore").split("\n")).toEqual(expect.arrayContaining(written));
  });

  test("the lock names no registry", () => {
    const lock = handed.filter(({ path }) => path === "package-lock.json" || path === ".npmrc");
    expect(placesOf(lock, /"resolved"|registry=|registry\./)).toEqual([]);
  });

  test("dependencies are exact, and each is explained in ADR 0004", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json"));
    const versions = Object.entries<string>({ ...dependencies, ...devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    const reasons = read("services/adr/0004-runtime-and-dependencies.md");
    const own = versions.map(([name]) => name).filter((name) => !name.startsWith("@types/"));
    expect(own.filter((name) => !reasons.includes(name.replace(/\/.*/, "")))).toEqual([]);
  });
});
