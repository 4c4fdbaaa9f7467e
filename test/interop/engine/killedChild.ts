// A run of killedStage that ends itself by SIGKILL around a call: argv: options as JSON, folder, number of the call, "before" or "after".
import { openDevice } from "@msrl/core/session";
import { killedStage } from "./killedStage.js";

const [options, folder, at, when] = process.argv.slice(2);
let calls = 0;

const counted: typeof fetch = async (url, init) => {
  const counts = !String(url).endsWith("session_heartbeat");
  const own = counts && ++calls === Number(at);
  if (own && when === "before") process.kill(process.pid, "SIGKILL");
  const answer = await fetch(url, init);
  if (own) process.kill(process.pid, "SIGKILL"); // the engine did it, nobody heard
  return answer;
};

const device = await openDevice({ threads: 1 });
console.log(await killedStage({ ...JSON.parse(options!), device, fetch: counted }, folder!));
console.error(`calls ${calls}`);
await device.close();
