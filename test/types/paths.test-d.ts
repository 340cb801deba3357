import type { FastifyInstance } from "fastify";
import { defineRouter, path, paths, type PathTo, type Router } from "../../api/index.ts";

const all = {
  index: (): unknown => [],
  show: (): unknown => ({}),
  create: (): unknown => ({}),
  edit: (): unknown => ({}),
  new: (): unknown => ({}),
  update: (): unknown => ({}),
  delete: (): unknown => ({}),
};

const admin = defineRouter((route) => [route.get("/", all, "index"), route.get("/jobs/:job", all, "show")]);

const router = defineRouter((route) => {
  route.pipeline("api", []);
  return [
    route.get("/", all, "index"),
    route.scope("/api/", {}, (api) => [
      api.scope("/v1", { through: "api" }, (v1) => [
        v1.resources("/users", all, { except: ["new", "edit"] }, (user) => [
          user.resources("/posts", all, { only: ["index", "show"], param: "slug" }),
        ]),
        v1.resources("/account", all, { singleton: true, only: ["show", "edit"] }),
        v1.resources("/companies", all, { only: ["show"], name: "company" }, (company) =>
          company.get("/staff", all, "index"),
        ),
        v1.match(["GET", "POST"], "/search", all, "index"),
      ]),
    ]),
    route.get("/files/*", all, "show"),
    route.get("/reports/:year-:month.json", all, "show"),
    route.forward("/admin", admin),
    route.forward("/plugin", async (_app: FastifyInstance) => {}),
  ];
});

path(router, "/");
path(router, "/", {}, { q: "x", tags: ["a", "b"], page: undefined });
path(router, "/api/v1/users");
path(router, "/api/v1/users/:id", { id: 1 });
path(router, "/api/v1/users/:id", { id: { id: 1n } }, { tab: true });
path(router, "/api/v1/users/:user_id/posts/:slug", { user_id: 1, slug: "a" });
path(router, "/api/v1/account/edit");
path(router, "/api/v1/companies/:company_id/staff", { company_id: 1 });
path(router, "/api/v1/search");
path(router, "/files/*", { "*": "a/b.txt" });
path(router, "/reports/:year-:month.json", { year: 2026, month: 11 });
path(router, "/admin");
path(router, "/admin/jobs/:job", { job: "x" });

// @ts-expect-error -- there is no such path
path(router, "/api/v1/user");
// @ts-expect-error -- there is no such path
path(router, "/api/v1/users/1");
// @ts-expect-error -- left out by except
path(router, "/api/v1/users/new");
// @ts-expect-error -- a resource that is one of its kind has no members
path(router, "/api/v1/account/:id", { id: 1 });
// @ts-expect-error -- only index and show
path(router, "/api/v1/users/:user_id/posts/:slug/edit", { user_id: 1, slug: "a" });
// @ts-expect-error -- the parameter is missing
path(router, "/api/v1/users/:id");
// @ts-expect-error -- the parameter is missing
path(router, "/api/v1/users/:id", {});
// @ts-expect-error -- another name
path(router, "/api/v1/users/:id", { user: 1 });
// @ts-expect-error -- one too many
path(router, "/api/v1/users/:id", { id: 1, tab: "x" });
// @ts-expect-error -- none at all here
path(router, "/api/v1/users", { id: 1 });
// @ts-expect-error -- nothing that can stand in a path
path(router, "/api/v1/users/:id", { id: undefined });
// @ts-expect-error -- the paths of a plugin are its own
path(router, "/plugin");

type AppPath = "/api/v1/users/:id" | "/files/*";
const pathTo: PathTo<AppPath> = paths();
pathTo("/api/v1/users/:id", { id: 1 });
// @ts-expect-error -- not among them
pathTo("/api/v1/users");

export const typed: Router<AppPath> = router;
export const any: Router = router;
// @ts-expect-error -- the router has no such path
export const wrong: Router<"/nowhere"> = router;

const silent = defineRouter((route) => {
  route.get("/silent", all, "index");
});
// @ts-expect-error -- what is not handed on is not known
path(silent, "/silent");
