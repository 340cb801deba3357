import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isSocketTransport, LongPollTransport } from "../../channels/internal.ts";
import type { EndpointState } from "./running-endpoint.ts";
import { socketName } from "./socket-mounts.ts";

const NO_BODY = Buffer.alloc(0);

/** Serves the clients of an endpoint's sockets that poll. */
export function mountLongPolls(app: FastifyInstance, endpoint: EndpointState): void {
  const { options, runtime } = endpoint;
  const { pubsub, secretKeyBase } = options;
  for (const [path, { handler, longpoll = false }] of Object.entries(options.sockets)) {
    // Only channels are polled; the endpoint has refused the rest.
    if (longpoll === false || isSocketTransport(handler)) continue;
    const transport = new LongPollTransport({
      runtime,
      socket: handler,
      name: socketName(options, path),
      pubsub,
      secretKeyBase,
      ...(longpoll === true ? {} : { options: longpoll }),
    });
    mountLongPoll(app, path + transport.path, transport, endpoint);
  }
}

function mountLongPoll(
  app: FastifyInstance,
  path: string,
  transport: LongPollTransport,
  endpoint: EndpointState,
): void {
  // A scope of its own: nowhere else are bodies left as they are, and errors none of the application's.
  app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => parsed(null, body));
    scope.setErrorHandler((_error, _request, reply) => answer(reply, transport.badRequest()));
    // Somebody who is connected says nothing by polling on.
    const config = { requestLogLevel: "debug", isSocket: true } as const;
    const options = { bodyLimit: transport.maxBodySize, config };
    scope.all(path, options, (request, reply) => serve(request, reply, transport, endpoint));
    done();
  });
}

async function serve(
  { raw, body, params }: FastifyRequest,
  reply: FastifyReply,
  transport: LongPollTransport,
  endpoint: EndpointState,
): Promise<FastifyReply> {
  const hungUp = new AbortController();
  reply.raw.once("close", () => hungUp.abort());
  const response = await transport.serve({
    request: raw,
    body: Buffer.isBuffer(body) ? body : NO_BODY,
    isOpen: () => endpoint.takesClients,
    signal: hungUp.signal,
    pathParams: params as Readonly<Record<string, string>>,
  });
  return answer(reply, response);
}

function answer(
  reply: FastifyReply,
  { status, headers = {}, body }: ReturnType<LongPollTransport["badRequest"]>,
): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}
