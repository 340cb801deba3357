import {
  type CallResult,
  type CastResult,
  GenServer,
  noReply,
  ok,
  type Ok,
  reply,
} from "../../runtime/index.ts";
import { slowJson } from "../support/slow-json.ts";

/** Reads a long text in the way that it is told to. The text is made in a turn of its own. */
export class ParsingServer extends GenServer<string, { readonly copies: number }, string, "at once"> {
  static override readonly module: string = import.meta.url;

  init(_arg: undefined): Ok<string> {
    return ok("");
  }
  override handleCall({ copies }: { readonly copies: number }): CallResult {
    this.state = slowJson(copies);
    return reply(this.state.length);
  }
  override handleCast(how: string): CastResult {
    if (how === "again and again") for (;;) JSON.parse(this.state);
    const part = `${this.state.slice(0, this.state.indexOf("},") + 1)}]`;
    if (how === "again and again, short") for (;;) JSON.parse(part);
    if (how === "one that is at fault") JSON.parse(this.state.slice(0, -1));
    JSON.parse(this.state);
    return noReply();
  }
  override async handleInfo(_message: "at once"): Promise<CastResult> {
    JSON.parse(this.state);
    await Promise.resolve();
    return noReply();
  }
}
