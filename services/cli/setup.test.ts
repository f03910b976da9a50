import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const lock = {
  packages: {
    "": { name: "clone" },
    "node_modules/bun": { version: "1.0.0" },
    "node_modules/other-platform": { version: "1.0.0", optional: true },
  },
};
/**
 * Stands in for npm: notes its arguments, installs a bun that runs unless `bin/bun.exe` is to stay
 * broken.
 */
const npm = `
const fs = require("node:fs");
fs.appendFileSync("calls", process.argv.slice(2).join(" ") + "\\n");
if (fs.existsSync("offline")) process.exit(7);
const look = new Int32Array(new SharedArrayBuffer(4));
while (fs.existsSync("not-yet")) Atomics.wait(look, 0, 0, 10);
fs.rmSync("node_modules", { recursive: true, force: true });
fs.mkdirSync("node_modules/.bin", { recursive: true });
fs.mkdirSync("node_modules/bun", { recursive: true });
const isBlocked = fs.existsSync("blocked");
const runs = "#!/bin/sh\\nexit 0\\n";
fs.writeFileSync("node_modules/.bin/bun", isBlocked ? "#!/bin/sh\\nexit 1\\n" : runs, { mode: 0o755 });
fs.writeFileSync("node_modules/bun/install.js",
  'require("node:fs").writeFileSync("node_modules/.bin/bun", ' + JSON.stringify(runs) + ', { mode: 0o755 });');
fs.copyFileSync("package-lock.json", "node_modules/.package-lock.json");
`;

let clone: string;

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), "godwit-setup-"));
  await mkdir(join(clone, "services", "cli"), { recursive: true });
  await mkdir(join(clone, "npm"));
  await copyFile(join(import.meta.dir, "setup.mjs"), join(clone, "services", "cli", "setup.mjs"));
  await put("package.json", JSON.stringify({ dependencies: { bun: "1.0.0" } }));
  await put("package-lock.json", JSON.stringify(lock));
  await put("npm/npm-cli.js", npm);
});

afterEach(() => rm(clone, { recursive: true, force: true }));

function put(name: string, text: string): Promise<void> {
  return writeFile(join(clone, name), text);
}

async function setUp(
  heard: (told: string) => unknown = () => {},
): Promise<{ code: number; told: string }> {
  const run = Bun.spawn(["node", "services/cli/setup.mjs"], {
    cwd: clone,
    env: { ...process.env, npm_execpath: join(clone, "npm", "npm-cli.js") },
    stdout: "pipe",
    stderr: "pipe",
  });
  let told = "";
  for await (const piece of run.stderr) {
    told += new TextDecoder().decode(piece);
    await heard(told);
  }
  return { code: await run.exited, told };
}

async function npmCalls(): Promise<number> {
  const calls = await readFile(join(clone, "calls"), "utf8").catch(() => "");
  return calls.split("\n").length - 1;
}

test("a fresh clone is installed, and told about", async () => {
  const { code, told } = await setUp();
  expect(code).toBe(0);
  expect(told).toStartWith("godwit: installing what is missing");
  expect(await readFile(join(clone, "calls"), "utf8")).toBe(
    "ci --no-audit --no-fund --loglevel=error\n",
  );
});

test("the second time nothing is done or said", async () => {
  await setUp();
  expect(await setUp()).toEqual({ code: 0, told: "" });
  expect(await npmCalls()).toBe(1);
});

test("a changed script needs no installation, a changed lock does", async () => {
  await setUp();
  const changed = { scripts: { test: "" }, dependencies: { bun: "1.0.0" } };
  await put("package.json", JSON.stringify(changed));
  await setUp();
  expect(await npmCalls()).toBe(1);
  const newer = { packages: { ...lock.packages, "node_modules/bun": { version: "1.0.1" } } };
  await put("package-lock.json", JSON.stringify(newer));
  await setUp();
  expect(await npmCalls()).toBe(2);
});

test("what npm itself installed is taken as it is", async () => {
  await setUp();
  await rm(join(clone, "node_modules", ".godwit-setup"));
  expect(await setUp()).toEqual({ code: 0, told: "" });
  expect(await npmCalls()).toBe(1);
});

test("a package that is gone is installed again, whatever npm's record says", async () => {
  await setUp();
  await rm(join(clone, "node_modules", "bun"), { recursive: true });
  await rm(join(clone, "node_modules", ".bin"), { recursive: true });
  const { code, told } = await setUp();
  expect([code, await npmCalls()]).toEqual([0, 2]);
  expect(told).toStartWith("godwit: installing what is missing");
});

test("Bun's install script is run when npm did not run it", async () => {
  await put("blocked", "");
  const { code, told } = await setUp();
  expect(code).toBe(0);
  expect(told).toContain("Bun's install script did not run");
});

test("a Bun that does not run is told, and found again the next time", async () => {
  await setUp();
  await rm(join(clone, "node_modules", ".godwit-setup"));
  await put("node_modules/.bin/bun", "#!/bin/sh\nexit 1\n");
  await chmod(join(clone, "node_modules", ".bin", "bun"), 0o755);
  await put("node_modules/bun/install.js", "");
  for (let i = 0; i < 2; i++) {
    const { code, told } = await setUp();
    expect(code).toBe(1);
    expect(told).toContain("Bun does not run here");
  }
});

test("of two at once one installs, and the other waits for it", async () => {
  await put("not-yet", "");
  const waits = "another command is installing; waiting for it …";
  const goOn = async (told: string) => {
    if (told.includes(waits)) await rm(join(clone, "not-yet"), { force: true });
  };
  const [one, other] = await Promise.all([setUp(goOn), setUp(goOn)]);
  expect([one.code, other.code, await npmCalls()]).toEqual([0, 0, 1]);
  expect(one.told + other.told).toContain(waits);
  expect(await setUp()).toEqual({ code: 0, told: "" });
});

test("a lock that a dead command has left is no obstacle", async () => {
  const dead = Bun.spawn(["true"]);
  await dead.exited;
  await put(".godwit-setup.lock", String(dead.pid));
  expect((await setUp()).code).toBe(0);
});

test("npm's failure is passed on", async () => {
  await put("offline", "");
  const { code, told } = await setUp();
  expect(code).toBe(7);
  expect(told).toContain("npm ci ended with code 7");
});
