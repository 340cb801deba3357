/** The official client brings no types: as much of it as tests use. */
declare module "phoenix" {
  export class Push {
    receive(status: string, callback: (response: unknown) => void): this;
  }

  export class Channel {
    readonly topic: string;
    readonly state: "closed" | "errored" | "joined" | "joining" | "leaving";
    join(timeoutMs?: number): Push;
    leave(timeoutMs?: number): Push;
    push(event: string, payload: object | ArrayBuffer, timeoutMs?: number): Push;
    on(event: string, callback: (payload: unknown, ref: unknown, joinRef: unknown) => void): number;
    off(event: string, ref?: number): void;
    onError(callback: (reason: unknown) => void): number;
    onClose(callback: (payload: unknown) => void): number;
    onMessage(event: string, payload: unknown, ref: unknown): unknown;
  }

  export interface SocketOptions {
    readonly transport?: unknown;
    readonly params?: object | (() => object);
    readonly authToken?: string;
    /** After so long without a WebSocket the client polls. */
    readonly longPollFallbackMs?: number;
    readonly sessionStorage?: {
      getItem(key: string): string | null;
      setItem(key: string, value: string): unknown;
    };
    readonly heartbeatIntervalMs?: number;
    readonly reconnectAfterMs?: (tries: number) => number;
    readonly rejoinAfterMs?: (tries: number) => number;
  }

  /** A transport, besides WebSocket. */
  export const LongPoll: unknown;

  export class Socket {
    constructor(endPoint: string, options?: SocketOptions);
    connect(): void;
    disconnect(callback?: () => void, code?: number, reason?: string): void;
    channel(topic: string, params?: object | (() => object)): Channel;
    isConnected(): boolean;
    onOpen(callback: () => void): string;
    onClose(callback: (event: { readonly code: number }) => void): string;
    onError(callback: (error: unknown) => void): string;
    onMessage(callback: (message: { readonly topic: string; readonly event: string }) => void): string;
    ping(callback: (latencyMs: number) => void): boolean;
  }

  export class Presence {
    constructor(channel: Channel);
    onSync(callback: () => void): void;
    onJoin(callback: (key: string, current: unknown, joined: unknown) => void): void;
    onLeave(callback: (key: string, current: unknown, left: unknown) => void): void;
    list<Entry>(by?: (key: string, presence: { readonly metas: readonly object[] }) => Entry): Entry[];
  }
}
