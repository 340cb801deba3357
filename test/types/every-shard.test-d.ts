import {
  child,
  GenServer,
  ModuleSupervisor,
  type Ok,
  ok,
  onEveryShard,
  Runtime,
  type Supervisor,
} from "rookery";
import { listenOnEveryShard, type ListenOptions } from "rookery/api";

class Cell extends GenServer<number> {
  init(value: number): Ok<number> {
    return ok(value);
  }
}

interface Settings extends ListenOptions {
  readonly path: string;
}

class Shop extends ModuleSupervisor<Settings> {
  override init({ path }: Settings): ReturnType<Supervisor["init"]> {
    return super.init({ strategy: "one_for_one", children: [child(Cell, path.length)] });
  }
}

class Wrong extends ModuleSupervisor<Settings> {
  override init(_settings: Settings): ReturnType<Supervisor["init"]> {
    // @ts-expect-error -- there is no such strategy
    return super.init({ strategy: "one_for_two", children: [] });
  }
}

const runtime = await Runtime.start();
await runtime.start(Shop, { path: "./shop.db" });
// @ts-expect-error -- init takes settings with a path
await runtime.start(Shop, { port: 80 });
await runtime.start(Wrong, { path: "./shop.db" });

onEveryShard(Cell, 7);
onEveryShard(Shop, { path: "./shop.db", host: "::1" }, { id: "shop", name: "shop", intensity: 10 });
// @ts-expect-error -- init takes a number
onEveryShard(Cell, "seven");
// @ts-expect-error -- a misspelled key
onEveryShard(Cell, 7, { intensitty: 10 });

listenOnEveryShard(Shop, { path: "./shop.db", port: 80 });
// @ts-expect-error -- a port is a number
listenOnEveryShard(Shop, { path: "./shop.db", port: "80" });
// @ts-expect-error -- what init takes says nothing of where to listen
listenOnEveryShard(Cell, 7);
