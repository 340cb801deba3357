import { Runtime } from "rookery";
import { run } from "/work/main/bench/workloads/select.ts";
const rt = await Runtime.start({ freezeMessages: false });
await run(rt as never);
for (let i = 0; i < 2; i++) console.log(await run(rt as never));
