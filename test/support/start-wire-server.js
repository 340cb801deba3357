import "../../node-version.js";

await import("./wire-server.ts");
