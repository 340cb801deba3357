export {
  type PhoenixChannel,
  type PhoenixSocket,
  resumable,
  type Resumable,
  type ResumableOptions,
  type ResumePosition,
} from "./resume.ts";
export {
  type ClientSocket,
  typedChannel,
  type TypedChannel,
  typedPresence,
  type TypedPresence,
  type TypedPush,
} from "./typed-channel.ts";
