import { Registry, Runtime } from "rookery";

const runtime = await Runtime.start();
await runtime.start(Registry, { keys: "unique" }, { name: "rooms" });
// @ts-expect-error -- there is no such kind of keys
await runtime.start(Registry, { keys: "many" });
// @ts-expect-error -- a registry has unique or duplicate keys
await runtime.start(Registry, {});
// @ts-expect-error -- a misspelled option
await runtime.start(Registry, { keys: "unique", partition: 2 });

runtime.spawn((self) => {
  Registry.register(self, "rooms", "lobby", { open: true });
  // Anybody may register anything, so a value has to be looked at.
  for (const { value } of Registry.lookup(self, "rooms", "lobby")) {
    void (value satisfies unknown);
    // @ts-expect-error -- nobody knows what it is
    void value.open;
  }
  // @ts-expect-error -- a value is not known before it has been looked at
  Registry.match(self, "rooms", "lobby", (value: { open: boolean }) => value.open);
});

// @ts-expect-error -- it is the calling process that is registered, and out here there is none
Registry.register(runtime, "rooms", "lobby");
