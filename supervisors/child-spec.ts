import type {
  InitArg,
  NameFor,
  NameScope,
  Pid,
  Placement,
  Self,
  ServerClass,
  ServerInstance,
  StartResult,
  ViaName,
} from "../runtime/index.ts";
import { isViaName } from "../runtime/internal.ts";
import { supervisorError } from "./errors.ts";

/** When a child is started again: always, only after a crash, never. */
export type RestartType = "permanent" | "transient" | "temporary";

/**
 * How a child is ended: asked with exit reason `"shutdown"` and killed after so many milliseconds, asked and waited
 * for as long as it takes, or killed at once.
 */
export type Shutdown = number | "infinity" | "brutal_kill";

/** Whether a child supervises others, which `countChildren` tells apart. */
export type ChildType = "worker" | "supervisor";

/** The id of a child within its supervisor. */
export type ChildId = string | number;

/** A start as a value. The reason `"ignore"` says that there is nothing to run, and is no failure. */
export type ChildStartResult = StartResult & { readonly extra?: unknown };

/**
 * Starts a process that is linked to `parent`, its supervisor, and answers its pid: `(parent) => parent.startLink(Server, arg)`. A
 * start that rejects with a StartError failed with its reason. A DynamicSupervisor hands in its extra arguments, too.
 */
export type StartFunction = (
  parent: Self,
  ...extraArguments: readonly unknown[]
) => Pid | ChildStartResult | Promise<Pid | ChildStartResult>;

/**
 * How a supervisor starts, restarts and ends one child: OTP's `child_spec`. Only `id` and `start` are required; the
 * server's class may bring other defaults (`static readonly childSpec`), as `use GenServer, restart: :transient` does.
 */
export interface ChildSpec {
  readonly id: ChildId;
  /** The server and what its `init` gets, or a function that starts the process. */
  readonly start: readonly [server: ServerClass, arg?: unknown] | StartFunction;
  /** The name under which the server is registered. Not with a start function, which names its process itself. */
  readonly name?: string | ViaName;
  /** Whose the name is: one in the whole runtime, or one on each shard. See `StartOptions`. */
  readonly nameScope?: NameScope;
  /** On which shard it runs. Not with a start function. `"here"`, on that of its supervisor, if left out. See `StartOptions`. */
  readonly on?: Placement;
  /** `"permanent"` if left out. */
  readonly restart?: RestartType;
  /** 5,000 ms for a worker and `"infinity"` for a supervisor if left out. */
  readonly shutdown?: Shutdown;
  /** `"worker"` if left out and the server's class does not say otherwise. */
  readonly type?: ChildType;
  /** Its end by itself counts for the supervisor's `autoShutdown`. */
  readonly significant?: boolean;
}

/** What `init` of a child gets; it may be left out where `init` can do without. */
type StartArg<S> = [InitArg<S>] extends [never]
  ? [arg?: unknown]
  : undefined extends InitArg<S>
    ? [arg?: InitArg<S>]
    : [arg: InitArg<S>];

/** A child spec of which the compiler knows the server: the argument is held against its class. */
export interface ServerChildSpec<S extends ServerInstance> extends Omit<ChildSpec, "start"> {
  readonly start: readonly [server: ServerClass<S>, ...arg: StartArg<S>] | StartFunction;
}

/** The same for the name, against what is declared in `RegisteredNames`. */
export interface ChildName<S, Name extends string | ViaName> {
  readonly name?: Name & NameFor<S, Name>;
}

/** Child specs, each held against the class of its own server. */
export type ChildSpecs<Servers extends readonly ServerInstance[]> = readonly [
  ...{ [Index in keyof Servers]: ServerChildSpec<Servers[Index]> },
];

/** What a class of servers may say about itself as a child. The child spec has the last word. */
export type ChildDefaults = Pick<ChildSpec, "restart" | "shutdown" | "type" | "significant">;

/** A child spec that was checked; nothing in it is left out but the name, and what says where it runs. */
export interface CompleteChildSpec extends Required<Omit<ChildSpec, "name" | Place>>, Pick<ChildSpec, Place> {
  readonly name: string | ViaName | undefined;
}

type Place = "nameScope" | "on";

const SHUTDOWN_WORKER_MS = 5_000;
const RESTART_TYPES: readonly RestartType[] = ["permanent", "transient", "temporary"];
const CHILD_TYPES: readonly ChildType[] = ["worker", "supervisor"];

const KEYS: ReadonlySet<string> = new Set([
  "id",
  "start",
  "name",
  "nameScope",
  "on",
  "restart",
  "shutdown",
  "type",
  "significant",
]);

/**
 * Checks a child spec and completes it; what comes back is frozen. Throws `ROOKERY_CHILD_SPEC` for a missing, misspelled or
 * invalid key, and `ROOKERY_SIGNIFICANT_CHILD` for a significant child that would always be restarted.
 */
export function completeChildSpec(spec: ChildSpec): CompleteChildSpec {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec))
    refuse("an object with an id and a start", spec, spec);
  const { id, start, name } = spec;
  for (const key of Object.keys(spec)) {
    if (!KEYS.has(key)) refuse(`only the keys ${[...KEYS].join(", ")}`, id, key);
    if (spec[key as keyof ChildSpec] === null) refuse(`a ${key}, or none`, id, null);
  }
  if (typeof id !== "string" && typeof id !== "number") refuse("an id: a string or a number", spec, id);
  const isServer = Array.isArray(start);
  if (isServer ? !isServerStart(start) : typeof start !== "function" || isServerClass(start)) {
    refuse("a start: [Server, arg] or a function", id, start);
  }
  if (name !== undefined && !isName(name)) refuse("a name: a string or a via name", id, name);
  if (name !== undefined && !isServer)
    refuse("no name beside a start function, which gives its own", id, name);

  if (spec.on !== undefined && !isServer) refuse("no place beside a start function", id, spec.on);
  const defaults: ChildDefaults = isServer ? defaultsOf(start[0]) : {};
  const restart = spec.restart ?? defaults.restart ?? "permanent";
  if (!RESTART_TYPES.includes(restart)) refuse(`a restart: ${RESTART_TYPES.join(", ")}`, id, restart);
  const type = spec.type ?? defaults.type ?? "worker";
  if (!CHILD_TYPES.includes(type)) refuse(`a type: ${CHILD_TYPES.join(", ")}`, id, type);
  const shutdown =
    spec.shutdown ?? defaults.shutdown ?? (type === "worker" ? SHUTDOWN_WORKER_MS : "infinity");
  if (!isShutdown(shutdown)) refuse("a shutdown: whole milliseconds, infinity, brutal_kill", id, shutdown);
  const significant = spec.significant ?? defaults.significant ?? false;
  if (typeof significant !== "boolean") refuse("a significant: true or false", id, significant);
  if (significant && restart === "permanent") {
    throw supervisorError("ROOKERY_SIGNIFICANT_CHILD", id, "a restart of transient or temporary");
  }
  const complete = { id, start, name, restart, shutdown, type, significant };
  const { nameScope, on } = spec;
  // Most have neither, and spreading nothing costs more than the rest.
  if (nameScope === undefined && on === undefined) return Object.freeze(complete);
  return Object.freeze({
    ...complete,
    ...(nameScope === undefined ? {} : { nameScope }),
    ...(on === undefined ? {} : { on }),
  });
}

/** The spec of one of many children that we start ourselves: it needs no check. */
export function temporaryWorker(
  id: ChildId,
  start: CompleteChildSpec["start"],
  shutdown: Shutdown = SHUTDOWN_WORKER_MS,
): CompleteChildSpec {
  return { id, start, name: undefined, restart: "temporary", shutdown, type: "worker", significant: false };
}

/**
 * What a supervisor keeps of the spec of a child that was added. A temporary one is never started again and needs its argument no more:
 * often all that would be kept of a request. Then many have the same spec: that which was kept last does for the next one, too.
 */
export function specToKeep(spec: CompleteChildSpec, last?: CompleteChildSpec): CompleteChildSpec {
  if (spec.restart !== "temporary" || typeof spec.start === "function") return spec;
  const [server] = spec.start;
  if (last !== undefined && keepsOnly(last, server) && isSameChild(last, spec)) return last;
  return Object.freeze({ ...spec, start: [server] as const });
}

/** But for the start. Field by field, for a loop over the keys costs ten times that, and each start of a child asks. */
function isSameChild(a: CompleteChildSpec, b: CompleteChildSpec): boolean {
  return (
    a.id === b.id &&
    a.name === b.name &&
    a.nameScope === b.nameScope &&
    a.on === b.on &&
    a.restart === b.restart &&
    a.shutdown === b.shutdown &&
    a.type === b.type &&
    a.significant === b.significant
  );
}

function keepsOnly({ start }: CompleteChildSpec, server: ServerClass): boolean {
  return typeof start !== "function" && start.length === 1 && start[0] === server;
}

/** What `whichChildren` says of a child's code: the class of its server, or its start function. */
export function modulesOf({ start }: Pick<ChildSpec, "start">): readonly string[] {
  return [typeof start === "function" ? start.name : start[0].name];
}

/** `childSpec` of a class of servers: `use GenServer, restart: :transient`. */
function defaultsOf(server: ServerClass & { readonly childSpec?: ChildDefaults }): ChildDefaults {
  return server.childSpec ?? {};
}

function refuse(expected: string, id: unknown, got: unknown): never {
  throw supervisorError("ROOKERY_CHILD_SPEC", expected, id, got);
}

function isServerStart(start: readonly unknown[]): boolean {
  const [server] = start;
  return start.length <= 2 && isServerClass(server);
}

function isServerClass(server: unknown): boolean {
  if (typeof server !== "function") return false;
  const { behaviour, init } = (server.prototype ?? {}) as Partial<ServerInstance>;
  return typeof behaviour === "function" && typeof init === "function";
}

function isShutdown(shutdown: unknown): boolean {
  if (shutdown === "infinity" || shutdown === "brutal_kill") return true;
  return Number.isInteger(shutdown) && (shutdown as number) >= 0;
}

function isName(name: unknown): boolean {
  return (typeof name === "string" && name !== "" && name !== "undefined") || isViaName(name);
}

/** What is to be different in the child spec of a server: the overrides of `Supervisor.child_spec/2`. */
export interface ChildOptions<S, Name extends string | ViaName>
  extends ChildDefaults, ChildName<S, Name>, Pick<ChildSpec, Place> {
  readonly id?: ChildId;
}

/**
 * A child spec whose argument is checked against what `init` of the server takes, and its name against what is declared in
 * `RegisteredNames`. The id is the name of the class unless `options` has another one.
 * @example
 * ```ts doctest
 * class Cell extends GenServer<number> {
 *   init(value: number) { return ok(value); }
 * }
 * child(Cell, 7, { restart: "transient" }); // => { id: "Cell", start: [Cell, 7], restart: "transient" }
 * ```
 */
export function child<S extends ServerInstance, Name extends string | ViaName>(
  Server: ServerClass<S>,
  arg: InitArg<S>,
  options?: ChildOptions<NoInfer<S>, Name>,
): ServerChildSpec<S> {
  if (!isServerClass(Server)) refuse("a class of servers with an init", "of child", Server);
  const spec: ChildSpec = { id: Server.name, start: [Server, arg], ...options };
  return spec as ServerChildSpec<S>;
}
