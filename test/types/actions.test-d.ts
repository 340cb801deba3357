import { z } from "zod";
import { action, type Action, type Failure } from "../../api/index.ts";

const user = z.object({ id: z.int(), name: z.string() });
const byId = z.object({ id: z.coerce.number() });

export class UserController {
  readonly #users = new Map<number, { id: number; name: string }>();

  readonly show: Action = action({ params: byId, responses: { 200: user } }, ({ params }) => {
    const id: number = params.id;
    const found: { id: number; name: string } | undefined = this.#users.get(id);
    return found ?? { error: "not_found" };
  });

  readonly create: Action = action(
    { query: z.object({ dry: z.stringbool() }), body: z.object({ user }), responses: { 201: user } },
    async ({ query, body, params }, reply) => {
      const dry: boolean = query.dry;
      // @ts-expect-error -- there is no schema for params
      void params.id;
      // @ts-expect-error -- the schema has no such field
      void body.user.email;
      reply.code(dry ? 200 : 201);
      return body.user;
    },
  );

  readonly replies: Action = action({ responses: { 200: user } }, (_request, reply) =>
    reply.code(204).send(),
  );
}

const job = z.object({
  state: z.enum(["new", "done"]),
  steps: z.array(z.object({ tags: z.array(z.literal("x")) })),
});
action({ responses: { 200: job, 201: z.string() } }, () => ({ state: "done", steps: [{ tags: ["x"] }] }));
action({ responses: { 200: job, 201: z.string() } }, async ({ server }) =>
  server.endpoint.draining ? { error: "gone" } : { state: "new", steps: [] },
);
// @ts-expect-error -- not a state
action({ responses: { 200: job } }, () => ({ state: "old", steps: [] }));

const failure: Failure = { error: "conflict" };
action({ responses: { 200: user } }, () => failure);
action({ params: byId }, () => "anything");
// @ts-expect-error -- not what any of the responses is
action({ responses: { 200: user } }, () => ({ id: 1 }));
// @ts-expect-error -- not what any of the responses is, later
action({ responses: { 200: user } }, async () => ({ id: "1", name: "Ada" }));
// @ts-expect-error -- no schema
action({ params: { id: "number" } }, () => ({}));
// @ts-expect-error -- not a part of a request that has a schema
action({ header: byId }, () => ({}));
