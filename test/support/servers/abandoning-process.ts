/** A process that starts a server, tells of it and is killed. */
import { startNats } from "./nats.ts";

const nats = await startNats({ nodes: 1 });
const [pid] = nats.pids;
await Bun.write(Bun.stdout, `${JSON.stringify({ pid, folder: nats.folder })}\n`);
process.kill(process.pid, "SIGKILL");
