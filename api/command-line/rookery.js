#!/usr/bin/env node
import "../../node-version.js";
import { existsSync } from "node:fs";

// In the package this stands beside what the sources were compiled to.
const isBuilt = existsSync(new URL("main.js", import.meta.url));
await (isBuilt ? import("./main.js") : import("./main.ts"));
