import {
  channelHandledIn,
  channelJoined,
  clientRefused,
  redisConnectionChanged,
  slowConsumerDisconnected,
  slowConsumerDropped,
  socketConnected,
} from "../../channels/index.ts";
import { handlerFailed } from "../../runtime/index.ts";
import { supervisorRestart } from "../../supervisors/index.ts";
import { repoQuery } from "../repo/query-telemetry.ts";
import { endpointStop } from "../telemetry.ts";
import { counter, histogram, type Metric } from "./metric.ts";

/** Methods and operations that are their own labels; a client, or a query, may say anything. */
const METHODS = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "QUERY",
  "TRACE",
]);
const OPERATIONS = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"]);
/** The buckets that the conventions want for queries. */
const QUERY_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
/** Callbacks of channels mostly take less than a request does. */
const CALLBACK_BOUNDS = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

const seconds = ({ durationMs }: { readonly durationMs: number }): number => durationMs / 1_000;

/** What is counted of the events of the system. */
export const telemetryMetrics: readonly Metric[] = [
  histogram({
    name: "http_server_request_duration_seconds",
    help: "Duration of HTTP server requests.",
    event: endpointStop,
    value: seconds,
    labels: {
      http_request_method: ({ method }) => (METHODS.has(method) ? method : "_OTHER"),
      http_route: ({ route }) => route,
      http_response_status_code: ({ status }) => status,
    },
  }),
  histogram({
    name: "db_client_operation_duration_seconds",
    help: "Duration of database client operations.",
    event: repoQuery,
    value: ({ totalTimeMs }) => totalTimeMs / 1_000,
    bounds: QUERY_BOUNDS,
    labels: {
      db_system_name: ({ system }) => system,
      db_operation_name: ({ sql }) => operationOf(sql),
      db_collection_name: ({ source }) => source,
      result: ({ result }) => result,
    },
  }),
  histogram({
    name: "rookery_socket_connect_duration_seconds",
    help: "Duration of the connect of a socket.",
    event: socketConnected,
    value: seconds,
    bounds: CALLBACK_BOUNDS,
    labels: {
      socket: ({ userSocket }) => userSocket.name,
      transport: ({ transport }) => transport,
      result: ({ result }) => result,
    },
  }),
  histogram({
    name: "rookery_channel_join_duration_seconds",
    help: "Duration of the join of a channel.",
    event: channelJoined,
    value: seconds,
    bounds: CALLBACK_BOUNDS,
    labels: { channel: ({ socket }) => socket.channel?.name, result: ({ result }) => result },
  }),
  histogram({
    name: "rookery_channel_handle_in_duration_seconds",
    help: "Duration of the handleIn of a channel.",
    event: channelHandledIn,
    value: seconds,
    bounds: CALLBACK_BOUNDS,
    labels: { channel: ({ socket }) => socket.channel?.name },
  }),
  counter({
    name: "rookery_slow_consumer_dropped_frames_total",
    help: "Frames that clients which read slowly have missed.",
    event: slowConsumerDropped,
    value: ({ count }) => count,
  }),
  counter({
    name: "rookery_slow_consumer_disconnects_total",
    help: "Clients that were disconnected because they read slowly.",
    event: slowConsumerDisconnected,
  }),
  counter({
    name: "rookery_client_refusals_total",
    help: "Joins and events of clients beyond their limits.",
    event: clientRefused,
    labels: { kind: ({ kind }) => kind },
  }),
  counter({
    name: "rookery_redis_dropped_messages_total",
    help: "Messages that were not published because Redis was not there.",
    event: redisConnectionChanged,
    value: ({ dropped }) => dropped,
  }),
  counter({
    name: "rookery_supervisor_restarts_total",
    help: "Children that supervisors have started again.",
    event: supervisorRestart,
    labels: { server: ({ server }) => server },
  }),
  counter({
    name: "rookery_telemetry_handler_failures_total",
    help: "Telemetry handlers that have thrown and were detached.",
    event: handlerFailed,
  }),
];

function operationOf(sql: string): string {
  const operation = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase() ?? "";
  return OPERATIONS.has(operation) ? operation : "_OTHER";
}
