import type { FastifyRequest } from "fastify";
import { installCookies, parsedCookies } from "../cookies.ts";
import type { Plug } from "../plug.ts";

/** Reads the cookies of a request, for `getCookie`, `putCookie` and `deleteCookie`. Not needed behind a `session`. */
export function fetchCookies(): Plug {
  const fetch = (request: FastifyRequest): void => {
    parsedCookies(request);
  };
  return Object.assign(fetch, { install: installCookies });
}
