import { DynamicSupervisor, GenServer, ok, type Ok, Runtime, silentLogger, Supervisor } from "rookery";
import { defineEndpoint, defineRouter, endpointUrl } from "rookery/api";
import { PubSub } from "rookery/channels";
import { names } from "../../test/support/wire/names.ts";
import { userSocket } from "../../test/support/wire/user-socket.ts";

// An endpoint with the socket of the wire server, and so many idle processes besides: with a dashboard if there is a DASHBOARD_TOKEN.
const { HOST: host, PORT: port, DASHBOARD_TOKEN: token, PROCESSES: processes = "0" } = process.env;

class Idle extends GenServer<undefined> {
  init(): Ok<undefined> {
    return ok(undefined);
  }
}

const runtime = await Runtime.start({ logger: silentLogger });
const endpoint = defineEndpoint({
  name: names.endpoint,
  pubsub: names.pubsub,
  router: defineRouter(() => {}),
  secretKeyBase: "the secret key base of a server that is measured",
  sockets: { "/socket": { handler: userSocket } },
  dashboard: token === undefined ? false : { token },
});
const tree = await runtime.start(Supervisor, {
  strategy: "one_for_one",
  children: [
    { id: "pubsub", name: names.pubsub, start: [PubSub, {}] },
    { id: "idle", name: "idle", start: [DynamicSupervisor, {}], type: "supervisor" },
    endpoint.childSpec({ host: host!, port: Number(port) }),
  ],
});
for (let left = Number(processes); left > 0; left -= 1)
  await DynamicSupervisor.startChild(runtime, "idle", { id: "idle", start: [Idle, undefined] });
console.log(`Watched at ${await endpointUrl(runtime, names.endpoint)}`);
process.once("SIGTERM", () => void runtime.stop(tree, "shutdown").then(() => runtime.shutdown()));
