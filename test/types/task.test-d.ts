import { Runtime, Task, type TaskResult, TaskSupervisor } from "rookery";

const runtime = await Runtime.start();
runtime.spawn(async (self) => {
  const task = Task.async(self, async () => 42);
  void ((await task.await()) satisfies number);
  // @ts-expect-error -- its value is a number
  void ((await task.await()) satisfies string);
  const outcome = await task.yield(10);
  void (outcome satisfies TaskResult<number> | undefined);
  // @ts-expect-error -- it may not be done
  void outcome.ok;
  // @ts-expect-error -- it may have failed
  void outcome?.value;

  const [number, text] = await Task.awaitMany([task, Task.async(self, () => "done")]);
  void [number satisfies number, text satisfies string];
  // @ts-expect-error -- in the order of the tasks
  void (text satisfies number);

  for await (const result of Task.asyncStream(self, [1, 2], (n) => String(n))) {
    if (result.ok) void (result.value satisfies string);
    // @ts-expect-error -- it may have failed
    void result.value;
  }
  // @ts-expect-error -- the inputs are numbers
  Task.asyncStream(self, [1, 2], (input: string) => input);
  // @ts-expect-error -- a misspelled option
  Task.asyncStream(self, [1, 2], (n) => n, { maxConcurency: 1 });
  // @ts-expect-error -- there is no such thing to end
  Task.asyncStream(self, [1, 2], (n) => n, { onTimeout: "ignore" });

  const owned = await TaskSupervisor.async(self, "tasks", () => 42);
  void ((await owned.await()) satisfies number);
  // @ts-expect-error -- its value is a number
  void ((await owned.await()) satisfies string);
  // @ts-expect-error -- the inputs are numbers
  TaskSupervisor.asyncStream(self, "tasks", [1, 2], (input: string) => input);
});

// @ts-expect-error -- a task has an owner, so code outside of any process has none
Task.async(runtime, () => 42);
