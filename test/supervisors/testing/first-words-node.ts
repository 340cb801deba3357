// A program for first-words.test.ts: nobody has said anything before the assertions look for the first time.
import { Runtime } from "../../../runtime/index.ts";
import { assertionsOf } from "../../../supervisors/testing.ts";

const runtime = await Runtime.start();
const system = await assertionsOf(runtime);
runtime.logger.error({}, "to stderr");
process.stdout.write("to stdout");
process.stderr.write("to stderr");
await system.assertNoLeaks({ within: 100 });
await runtime.shutdown();
