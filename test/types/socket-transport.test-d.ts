import { type CastResult, noReply, ok } from "rookery";
import { defineEndpoint, defineRouter } from "rookery/api";
import { type ConnectRequest, type ConnectReturn, error, SocketTransport } from "rookery/channels";

const router = defineRouter(() => {});

class EchoSocket extends SocketTransport<{ readonly name: string }, { readonly say: string }> {
  static connect({ params }: ConnectRequest): ConnectReturn<{ readonly name: string }> {
    return typeof params["name"] === "string" ? ok({ name: params["name"] }) : error();
  }

  override handleIn(data: string | Uint8Array): CastResult {
    this.push(data);
    // @ts-expect-error -- a frame is text or bytes
    this.push({ data });
    // @ts-expect-error -- the state has no such field
    this.push(this.state.email);
    return noReply();
  }

  // @ts-expect-error -- a message has the type that the class declares
  override handleInfo(message: number): CastResult {
    this.push(String(message));
    return noReply();
  }
}

class OpenSocket extends SocketTransport {
  // @ts-expect-error -- a frame is answered with what to do next
  override handleIn(): string {
    return "done";
  }
}

defineEndpoint({ router, sockets: { "/echo": { handler: EchoSocket } } });
// @ts-expect-error -- who may connect is said by the class itself
defineEndpoint({ router, sockets: { "/open": { handler: OpenSocket } } });
