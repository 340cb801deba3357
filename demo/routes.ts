import type { Router } from "rookery/api";
import { type Contexts, demoRouter } from "./router.ts";

/** For `rookery routes`, which only looks: nobody asks the contexts anything. */
export const router: Router = demoRouter({} as Contexts, async () => false);
