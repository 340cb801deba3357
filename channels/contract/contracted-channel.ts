import { isPromise } from "../../runtime/internal.ts";
import type { ChannelCallbacks, ChannelClass } from "../channel.ts";
import { Accepted, error, Refused, Reply, reply, Stop } from "../channel-returns.ts";
import { channelsError } from "../errors.ts";
import type { AnySocket } from "../socket.ts";
import type { PushSchemas } from "./contract.ts";
import { invalidPayload, UNKNOWN_EVENT } from "./invalid-payload.ts";
import { checkPromised, checksOutgoing } from "./outgoing.ts";
import type { StandardResult, StandardSchema } from "./standard-schema.ts";

type HandleIn = (event: string, payload: unknown, socket: AnySocket) => unknown;
type Handlers = Readonly<Record<string, ((payload: unknown, socket: AnySocket) => unknown) | undefined>>;

/**
 * The class whose instances serve a route: the given one, or, if that has a contract, one that asks the contract first. Its
 * callbacks see only payloads that fit, as the schemas have made them.
 */
export function contractedChannel(channel: ChannelClass): ChannelClass {
  const { contract } = channel;
  if (contract === undefined) return channel;
  const { join: joinSchemas = {}, in: events = {} } = contract;

  const joined = (result: unknown, { runtime }: AnySocket): unknown => {
    if (!checksOutgoing(channel, runtime)) return result;
    if (result instanceof Accepted)
      checkPromised(channel, joinSchemas.reply, "the reply of join", result.reply);
    if (result instanceof Refused)
      checkPromised(channel, joinSchemas.error, "the error of join", result.reason);
    return result;
  };
  const handled = (event: string, schemas: PushSchemas, result: unknown, { runtime }: AnySocket): unknown => {
    const [status, payload = {}] = answerOf(result);
    if (status === undefined || !checksOutgoing(channel, runtime)) return result;
    if (status === "ok") checkPromised(channel, schemas.reply, `the reply ok to ${event}`, payload);
    if (status === "error") checkPromised(channel, schemas.error, `the reply error to ${event}`, payload);
    return result;
  };

  return class extends channel implements ChannelCallbacks {
    static override readonly name = channel.name;
    readonly #handleIn: unknown;

    constructor() {
      super();
      this.#handleIn = this.handleIn;
      Object.defineProperty(this, "handleIn", { value: this.#handlePush });
    }

    override join(topic: string, params: unknown, socket: AnySocket): unknown {
      const result = validate(joinSchemas.params, params);
      if (isPromise(result)) return result.then((settled) => this.#joinWith(topic, settled, socket));
      return this.#joinWith(topic, result, socket);
    }

    #joinWith(topic: string, params: StandardResult, socket: AnySocket): unknown {
      if (params.issues !== undefined) return error(invalidPayload(params.issues));
      const result = super.join(topic, params.value as never, socket as never);
      return isPromise(result) ? result.then((returned) => joined(returned, socket)) : joined(result, socket);
    }

    #handlePush(event: string, payload: unknown, socket: AnySocket): unknown {
      // Clients choose the event: "constructor" and "__proto__" are events like any other.
      const schemas = Object.hasOwn(events, event) ? events[event] : undefined;
      if (schemas === undefined) return reply("error", UNKNOWN_EVENT, socket);
      const result = validate(schemas.payload, payload);
      if (isPromise(result))
        return result.then((settled) => this.#handleValid(event, schemas, settled, socket));
      return this.#handleValid(event, schemas, result, socket);
    }

    #handleValid(event: string, schemas: PushSchemas, payload: StandardResult, socket: AnySocket): unknown {
      if (payload.issues !== undefined) return reply("error", invalidPayload(payload.issues), socket);
      const handleIn = this.#handleIn;
      const result =
        typeof handleIn === "function"
          ? (handleIn as HandleIn).call(this, event, payload.value, socket)
          : handlerOf(handleIn, event, channel).call(this, payload.value, socket);
      return isPromise(result)
        ? result.then((returned) => handled(event, schemas, returned, socket))
        : handled(event, schemas, result, socket);
    }
  };
}

/** The status and the payload of the answer to a push, if a callback returned one. */
function answerOf(result: unknown): readonly unknown[] {
  if (result instanceof Reply) return [result.status, result.payload];
  if (result instanceof Stop && result.reply !== undefined) return [result.reply].flat();
  return [];
}

function handlerOf(handlers: unknown, event: string, { name }: ChannelClass): NonNullable<Handlers[string]> {
  const handler =
    handlers !== undefined && Object.hasOwn(handlers as Handlers, event)
      ? (handlers as Handlers)[event]
      : undefined;
  if (handler === undefined) throw channelsError("ROOKERY_CHANNEL_NO_HANDLER", name, "handleIn", event);
  return handler;
}

function validate(
  schema: StandardSchema | undefined,
  value: unknown,
): StandardResult | Promise<StandardResult> {
  return schema === undefined ? { value } : schema["~standard"].validate(value);
}
