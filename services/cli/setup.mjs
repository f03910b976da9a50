// Installs what is missing, so that every npm script works as the first command in a fresh clone.
// Plain Node 18 without dependencies: it runs before there is anything else.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const nodeMajorMin = 18;
const lookAgainMs = 200;
/** A lock that is empty for so long was left behind by somebody who died writing it. */
const emptyMaxMs = 5_000;

/**
 * What the installation depends on: the locked packages, and the platform they were chosen for.
 * Not all of package.json, since a changed script needs no installation.
 */
function fingerprint(lockText, packageText, platform) {
  const { dependencies, devDependencies } = JSON.parse(packageText);
  const wanted = JSON.stringify([platform, dependencies ?? {}, devDependencies ?? {}]);
  return createHash("sha256").update(wanted).update(lockText).digest("hex");
}

/**
 * Whether npm's record of what it installed has every package of the lock, in the same version, and
 * each is still there: the record stays when somebody removes a package.
 */
function isInstalled(root, lockText, installedText) {
  if (installedText === undefined) return false;
  const wanted = Object.entries(JSON.parse(lockText).packages ?? {});
  const installed = JSON.parse(installedText).packages ?? {};
  return wanted.every(([path, entry]) => {
    if (path === "" || entry.optional === true) return true;
    return installed[path]?.version === entry.version && existsSync(join(root, path));
  });
}

/** Makes `root` ready to run. Returns 0, or tells on stderr what is wrong and returns the exit code. */
function setUp(root) {
  if (isReady(root)) return 0;
  // Two terminals, and npm ci removes what the other one installs.
  const release = alone(join(root, ".godwit-setup.lock"));
  try {
    return isReady(root) ? 0 : install(root);
  } finally {
    release();
  }
}

function isReady(root) {
  const { bun, stamp, wanted } = placesOf(root);
  return read(stamp) === wanted && existsSync(bun);
}

function placesOf(root) {
  const modules = join(root, "node_modules");
  const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
  const packageText = readFileSync(join(root, "package.json"), "utf8");
  const wanted = fingerprint(lockText, packageText, `${process.platform} ${process.arch}`);
  const stamp = join(modules, ".godwit-setup");
  return { modules, stamp, bun: join(modules, ".bin", "bun"), lockText, wanted };
}

/** Waits until nobody else has the lock. Returns what gives it back. */
function alone(path) {
  let isTold = false;
  while (!lock(path)) {
    if (!isTold) tell("another command is installing; waiting for it …");
    isTold = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookAgainMs);
  }
  return () => rmSync(path, { force: true });
}

/** False while somebody who lives has it. */
function lock(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  const owner = Number(read(path));
  if (owner > 0 ? !lives(owner) : isOld(path)) rmSync(path, { force: true });
  return false;
}

function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function isOld(path) {
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && Date.now() - written > emptyMaxMs;
}

function install(root) {
  const { modules, stamp, bun, lockText, wanted } = placesOf(root);
  const installed = read(join(modules, ".package-lock.json"));
  if (!isInstalled(root, lockText, installed)) {
    tell("installing what is missing (npm ci; once, some 300 MB) …");
    // npm warns of engines: its Node installs the packages, Bun runs them.
    const code = run([...npm(), "ci", "--no-audit", "--no-fund", "--loglevel=error"], root);
    if (code !== 0) {
      tell(`cannot install the dependencies: npm ci ended with code ${code}, see above`);
      return code;
    }
  }
  if (!bunRuns(bun, root)) {
    tell("Bun's install script did not run (npm may forbid such scripts); running it now …");
    run([process.execPath, join(modules, "bun", "install.js")], root);
    if (!bunRuns(bun, root)) {
      tell("Bun does not run here: see the message above, or https://bun.com/docs/installation");
      return 1;
    }
  }
  writeFileSync(stamp, wanted);
  return 0;
}

function bunRuns(bun, root) {
  return existsSync(bun) && run([bun, "--version"], root, "ignore") === 0;
}

/** The npm that started us, so that its version is the one the user chose. */
function npm() {
  const path = process.env.npm_execpath;
  if (path?.endsWith("npm-cli.js")) return [process.execPath, path];
  return ["npm"];
}

function run([command, ...rest], cwd, stdio = "inherit") {
  const { status, error } = spawnSync(command, rest, { cwd, stdio });
  if (error !== undefined && stdio !== "ignore") tell(`cannot run ${command}: ${error.message}`);
  return status ?? 1;
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function tell(text) {
  process.stderr.write(`godwit: ${text}\n`);
}

function main() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < nodeMajorMin) {
    tell(`Node ${nodeMajorMin} or newer is needed to install, this is ${process.versions.node}`);
    return 1;
  }
  return setUp(join(dirname(fileURLToPath(import.meta.url)), "..", ".."));
}

process.exitCode = main();
