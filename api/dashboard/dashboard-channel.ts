import {
  Channel,
  type ChannelSocket,
  type HandleInReturn,
  type JoinReturn,
  ok,
  reply,
} from "../../channels/index.ts";
import { answersTo } from "./dashboard-answers.ts";
import { type DashboardEvent, isDashboardEvent, isOfChaos, requests } from "./dashboard-requests.ts";
import { Observers } from "./observers.ts";

const NO_CHAOS = "Expected the endpoint to allow chaos, but its dashboard has no such option";

/** What comes is checked, event by event. */
interface DashboardContract {
  readonly assigns: { readonly observer: string; readonly chaos: boolean };
}

/**
 * Answers the questions of one page, one after the other. It keeps nothing and pushes nothing, so that a page that comes back to
 * another process misses nothing.
 */
export class DashboardChannel extends Channel<DashboardContract> {
  static override readonly logHandleIn = false;

  #observers!: Observers;

  join(_topic: string, _payload: unknown, socket: ChannelSocket<DashboardContract>): JoinReturn {
    const { observer, chaos } = socket.assigns;
    this.#observers = new Observers(this.self, observer);
    return ok({ node: this.self.runtime.node, pid: String(this.self.pid), chaos }, socket);
  }

  async handleIn(
    event: string,
    payload: unknown,
    socket: ChannelSocket<DashboardContract>,
  ): Promise<HandleInReturn> {
    if (!isDashboardEvent(event)) return reply("error", { reason: "unknown event" }, socket);
    if (isOfChaos(event) && !socket.assigns.chaos) return reply("error", { reason: NO_CHAOS }, socket);
    const answer = await this.#answer(event, payload);
    if (answer === undefined) return reply("error", { reason: "invalid request" }, socket);
    if ("refused" in answer) return reply("error", { reason: answer.refused }, socket);
    return reply("ok", answer, socket);
  }

  async #answer(event: DashboardEvent, payload: unknown): Promise<object | undefined> {
    const asked = requests[event].safeParse(payload);
    if (!asked.success) return undefined;
    return answersTo[event](this.#observers, asked.data as never);
  }
}
