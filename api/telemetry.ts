import type { FastifyRequest } from "fastify";
import { type TelemetryEvent, telemetryEvent } from "../runtime/index.ts";
import type { Route } from "./router/route.ts";

export interface EndpointMetadata {
  readonly request: FastifyRequest;
  readonly method: string;
  /** The path of the route as it was declared; undefined when none matched. */
  readonly route: string | undefined;
}

/** A request has arrived. */
export const endpointStart: TelemetryEvent<{ readonly systemTimeMs: number }, EndpointMetadata> =
  telemetryEvent("phoenix.endpoint.start");

/** The reply is written, or the client has gone away before it was (`aborted`). */
export const endpointStop: TelemetryEvent<
  { readonly durationMs: number },
  EndpointMetadata & { readonly status: number; readonly aborted: boolean }
> = telemetryEvent("phoenix.endpoint.stop");

export interface SocketDrainRound {
  /** So many clients are sent away in this round, of so many in all. */
  readonly count: number;
  readonly total: number;
  /** From 1 on. */
  readonly index: number;
  readonly rounds: number;
}

/** The next clients of a socket are sent away, because the server ends. `socket` is the path of the mount. */
export const socketDrain: TelemetryEvent<
  SocketDrainRound,
  { readonly endpoint: string; readonly socket: string }
> = telemetryEvent("phoenix.socket_drain");

export interface DispatchMetadata {
  readonly request: FastifyRequest;
  readonly route: Route;
}

/** A route has matched; its pipelines are about to run. */
export const dispatchStart: TelemetryEvent<Record<never, never>, DispatchMetadata> = telemetryEvent(
  "phoenix.router_dispatch.start",
);

/** The action has finished, or a plug has halted before it. */
export const dispatchStop: TelemetryEvent<{ readonly durationMs: number }, DispatchMetadata> = telemetryEvent(
  "phoenix.router_dispatch.stop",
);

/** A plug, the action or the fallback has thrown. */
export const dispatchException: TelemetryEvent<
  { readonly durationMs: number },
  DispatchMetadata & { readonly error: unknown }
> = telemetryEvent("phoenix.router_dispatch.exception");

export interface RenderMetadata {
  readonly request: FastifyRequest;
  readonly format: string;
  /** The name of the function. */
  readonly view: string;
}

/** A view is about to be made of what an action has found. */
export const renderStart: TelemetryEvent<Record<never, never>, RenderMetadata> = telemetryEvent(
  "phoenix.controller.render.start",
);

/** It is made. */
export const renderStop: TelemetryEvent<{ readonly durationMs: number }, RenderMetadata> = telemetryEvent(
  "phoenix.controller.render.stop",
);

/** The view has thrown. */
export const renderException: TelemetryEvent<
  { readonly durationMs: number },
  RenderMetadata & { readonly error: unknown }
> = telemetryEvent("phoenix.controller.render.exception");

/** An exception or an unknown route was turned into an answer. */
export const errorRendered: TelemetryEvent<
  { readonly durationMs: number },
  { readonly request: FastifyRequest; readonly status: number; readonly error: unknown }
> = telemetryEvent("phoenix.error_rendered");
