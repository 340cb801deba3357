import { Session } from "node:inspector";

interface AttachedWorker {
  readonly sessionId: string;
  readonly workerInfo: { readonly title: string };
}

/**
 * Unwinds the JavaScript that the main thread (0) or the worker `threadId` runs, down to its event loop: no `catch` and no
 * `finally` runs. To be called on another worker. Resolves when that has happened; without any effect if there is no such thread.
 *
 * The session ends with it: Node would wait for an open one before it exits.
 */
export async function terminateExecution(threadId: number): Promise<void> {
  const session = new Session();
  session.connectToMainThread();
  try {
    if (threadId === 0) await post(session, "Runtime.terminateExecution");
    else await terminateWorker(session, threadId);
  } finally {
    session.disconnect();
  }
}

async function terminateWorker(session: Session, threadId: number): Promise<void> {
  const name = new RegExp(`\\bworker ${threadId}\\b`, "i");
  let sessionId: string | undefined;
  const attached = ({ params }: { params: AttachedWorker }): void => {
    if (name.test(params.workerInfo.title)) sessionId = params.sessionId;
  };
  // Only workers send these, and only to who asked for them.
  const done = new Promise<void>((resolve) => {
    session.once("NodeWorker.receivedMessageFromWorker", () => resolve());
    session.on("NodeWorker.detachedFromWorker", ({ params }) => {
      if (params.sessionId === sessionId) resolve();
    });
  });
  session.on("NodeWorker.attachedToWorker", attached);
  await post(session, "NodeWorker.enable", { waitForDebuggerOnStart: false });
  if (sessionId === undefined) return;
  const message = JSON.stringify({ id: 1, method: "Runtime.terminateExecution" });
  await post(session, "NodeWorker.sendMessageToWorker", { sessionId, message });
  await done;
  await post(session, "NodeWorker.disable");
}

function post(session: Session, method: string, params: object = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    session.post(method, params, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
