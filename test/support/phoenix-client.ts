import { type Channel, type Push, Socket } from "phoenix";

/** What a push came to: the status of the reply, or `"timeout"`. */
export interface Answer {
  readonly status: string;
  readonly response: unknown;
}

/** A connected socket of the unmodified client. Rejects with the close code if the server refuses it. */
export function connected(
  url: string,
  params: object = {},
  authToken?: string,
  transport: unknown = WebSocket,
): Promise<Socket> {
  const socket = new Socket(url, {
    params,
    transport,
    // A test that is to see a client come back would else wait.
    reconnectAfterMs: () => 10,
    rejoinAfterMs: () => 10,
    ...(authToken === undefined ? {} : { authToken }),
  });
  return new Promise((resolve, reject) => {
    let opened = false;
    socket.onOpen(() => {
      opened = true;
      resolve(socket);
    });
    socket.onClose(({ code }) => {
      if (opened) return;
      reject(new Error(`closed with ${code}`));
      if (!socket.isConnected() && code === 1006) socket.disconnect();
    });
    socket.connect();
  });
}

export function answer(push: Push, ...statuses: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    for (const status of ["ok", "error", "timeout", ...statuses]) {
      push.receive(status, (response) => resolve({ status, response }));
    }
  });
}

/** The next payload of an event. */
export function nextEvent(channel: Channel, event: string): Promise<unknown> {
  return new Promise((resolve) => {
    const ref = channel.on(event, (payload) => {
      channel.off(event, ref);
      resolve(payload);
    });
  });
}
