import { channelsError } from "../errors.ts";
import { fastlaneDispatcher } from "../fastlane.ts";
import { resumeDispatcher } from "../resume/resume-lane.ts";
import { type Dispatcher, plainDispatcher } from "./dispatcher.ts";

/** The dispatchers that a PubSub knows by name: functions can't cross to other places, names can. */
export class NamedDispatchers {
  readonly #pubsub: string;
  readonly #byName: ReadonlyMap<string, Dispatcher>;
  readonly #names: ReadonlyMap<Dispatcher, string>;

  constructor(pubsub: string, own: Readonly<Record<string, Dispatcher>> = {}) {
    this.#pubsub = pubsub;
    this.#byName = new Map([
      ...Object.entries(own),
      ["plain", plainDispatcher] as const,
      ["fastlane", fastlaneDispatcher] as const,
      ["resume", resumeDispatcher] as const,
    ]);
    this.#names = new Map(Array.from(this.#byName, ([name, dispatcher]) => [dispatcher, name]));
  }

  /** Throws ROOKERY_DISPATCHER for one that has no name. */
  nameOf(dispatcher: Dispatcher): string {
    const name = this.#names.get(dispatcher);
    if (name === undefined) throw channelsError("ROOKERY_DISPATCHER", this.#pubsub, dispatcher);
    return name;
  }

  /** Throws ROOKERY_DISPATCHER for a name that nobody has here. */
  named(name: string): Dispatcher {
    const dispatcher = this.#byName.get(name);
    if (dispatcher === undefined) throw channelsError("ROOKERY_DISPATCHER", this.#pubsub, name);
    return dispatcher;
  }
}
