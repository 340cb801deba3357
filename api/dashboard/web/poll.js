import { connection } from "./connection.js";

const LOST_MS = 500;

/**
 * Asks, shows the answer, and asks again `everyMs` later, until it is stopped. A page that nobody sees asks nothing.
 * `again()` asks at once.
 */
export function poll(everyMs, question, show) {
  let timer;
  let stopped = false;
  let round = 0;

  async function ask() {
    clearTimeout(timer);
    round += 1;
    const own = round;
    let waitMs = everyMs;
    if (!document.hidden) {
      try {
        const [event, payload] = question();
        const answer = await connection.ask(event, payload);
        if (stopped || own !== round) return;
        show(answer);
      } catch {
        waitMs = LOST_MS;
      }
    }
    if (!stopped && own === round) timer = setTimeout(() => void ask(), waitMs);
  }

  const seen = () => {
    if (!document.hidden) void ask();
  };
  document.addEventListener("visibilitychange", seen);
  void ask();
  return {
    again: () => void ask(),
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    },
  };
}
