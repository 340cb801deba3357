import { type AddressInfo, createServer } from "node:net";
import {
  type InitArg,
  type InitResult,
  RookeryError,
  type Runtime,
  type ServerClass,
  type ServerInstance,
  stop,
} from "../../runtime/index.ts";
import {
  type ChildSpec,
  EveryShard,
  type EveryShardOptions,
  type Supervisor,
} from "../../supervisors/index.ts";
import { completeListenOptions, type ListenOptions } from "./endpoint-options.ts";
import { listenError } from "./listener.ts";

/** What a system answers that can't let several sockets listen on one port. */
const UNSUPPORTED: ReadonlySet<string | undefined> = new Set([
  "EINVAL",
  "ENOPROTOOPT",
  "ENOSYS",
  "ENOTSUP",
  "EOPNOTSUPP",
]);

/** What was found out at the first start, for the successors: the shards may be listening still when one of them starts. */
const addresses = new WeakMap<EveryShardOptions, Required<ListenOptions>>();

/** Runs a tree with an endpoint on every shard; what the trees are given says where they listen. */
export class ListeningShards extends EveryShard {
  static override readonly module: string = import.meta.url;

  override async init(options: EveryShardOptions): Promise<InitResult<Supervisor["state"]>> {
    const [Server, settings] = options.start as [ServerClass, ListenOptions];
    let address = addresses.get(options);
    try {
      address ??= await sharedAddress(this.self.runtime, settings);
    } catch (error) {
      // Not a crash: whoever starts the tree is to hear what is wrong with the address.
      if (error instanceof RookeryError) return stop(error);
      throw error;
    }
    addresses.set(options, address);
    return super.init({ ...options, start: [Server, { ...settings, ...address }] });
  }
}

/**
 * As `onEveryShard`, for trees with an endpoint: on every shard one accepts connections, all on the same port, and the system spreads
 * connections over them. `settings` has to have the host and the port; each tree hands `host`, `port` and `acceptors` of what it is given on to
 * its endpoint. For port 0 the system chooses one, the same for all. Where a system has no shared ports, the endpoint of the first shard
 * accepts for all, and the log says so. With one shard it is as if there were only that endpoint.
 *
 * The start fails with `ROOKERY_LISTEN` if the address is taken. A server that shares its ports, too, and starts at the same time is
 * not noticed.
 */
export function listenOnEveryShard<S extends ServerInstance>(
  Server: ServerClass<S>,
  settings: InitArg<S> & ListenOptions & object,
  options: Omit<EveryShardOptions, "start"> = {},
): ChildSpec {
  return {
    id: Server.name,
    start: [ListeningShards, { ...options, start: [Server, settings] } satisfies EveryShardOptions],
  };
}

/** Where the endpoints of all shards can listen. */
async function sharedAddress(
  runtime: Runtime,
  { host, port, server }: ListenOptions,
): Promise<Required<ListenOptions>> {
  const address = completeListenOptions({
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(server === undefined ? {} : { server }),
  });
  if (runtime.shard.interconnect === undefined || !address.server) return address;
  // First as somebody who shares with nobody: the system would let a second server of the same user have the same port, and
  // each would get some of the connections of the other.
  const free = await probe(address.host, address.port, false).catch((error: NodeJS.ErrnoException) => {
    throw listenError(address.host, address.port, error);
  });
  try {
    await probe(address.host, free, true);
    return { ...address, port: free, acceptors: "every_shard" };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!UNSUPPORTED.has(code)) throw listenError(address.host, free, error as NodeJS.ErrnoException);
    runtime.logger.warn(
      { code },
      "This system has no shared ports: the first shard accepts the connections for all",
    );
    return { ...address, port: free, acceptors: "first_shard" };
  }
}

/** Listens for a moment; answers the port. */
function probe(host: string, port: number, reusePort: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port, reusePort }, () => {
      const { port: bound } = server.address() as AddressInfo;
      server.close(() => resolve(bound));
    });
  });
}
