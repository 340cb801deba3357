import { paths, type PathTo } from "rookery/api";

/** The paths of the API that its own answers name. The compiler checks that the router has them. */
export type DemoPath = "/api/v1/users/:id" | "/api/v1/orders/:id";

export const pathTo: PathTo<DemoPath> = paths();
