export { supervisionOf } from "./supervision.ts";
