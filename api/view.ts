import type { FastifyReply } from "fastify";
import { apiError } from "./errors.ts";
import { type Format, MEDIA_TYPES } from "./plugs/accepts.ts";
import { renderException, renderStart, renderStop } from "./telemetry.ts";

/** By format a function that makes what is sent of what an action has found: data for JSON, else a text. */
export type View<Assigns> = { readonly [Name in Format]?: (assigns: Assigns) => unknown };

/**
 * Sends what `view` makes of `assigns`, in the format that `accepts` agreed on with the client, or the first one of the view in
 * a route without it; with the status that the reply has. Throws `ROOKERY_NO_VIEW` for a format that the view does not have.
 * `Phoenix.Controller.render/3`.
 *
 * ```ts
 * const showUser: View<User> = { json: ({ id, name }) => ({ data: { id, name } }), text: ({ name }) => name };
 * render(reply, showUser, user);
 * ```
 */
export function render<Assigns>(
  reply: FastifyReply,
  view: View<Assigns>,
  assigns: NoInfer<Assigns>,
): FastifyReply {
  const { request } = reply;
  const formats = Object.keys(view) as Format[];
  const format = (request.format ?? formats[0]) as Format;
  const template = Object.hasOwn(view, format) ? view[format] : undefined;
  if (template === undefined) throw apiError("ROOKERY_NO_VIEW", format, formats.join(", "));
  const isTraced = renderStart.enabled || renderStop.enabled || renderException.enabled;
  const content = isTraced ? traced(reply, format, template, assigns) : template(assigns);
  reply.type(`${MEDIA_TYPES[format]}; charset=utf-8`);
  // Fastify takes a text for what was made JSON already.
  return reply.send(format === "json" && typeof content === "string" ? JSON.stringify(content) : content);
}

function traced<Assigns>(
  reply: FastifyReply,
  format: Format,
  template: (assigns: Assigns) => unknown,
  assigns: Assigns,
): unknown {
  const metadata = { request: reply.request, format, view: template.name };
  const startedMs = reply.elapsedTime;
  renderStart.execute({}, metadata);
  try {
    const content = template(assigns);
    renderStop.execute({ durationMs: reply.elapsedTime - startedMs }, metadata);
    return content;
  } catch (error) {
    renderException.execute({ durationMs: reply.elapsedTime - startedMs }, { ...metadata, error });
    throw error;
  }
}
