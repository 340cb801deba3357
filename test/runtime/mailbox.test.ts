import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Mailbox } from "../../runtime/mailbox.ts";

function drain(mailbox: Mailbox): unknown[] {
  const messages: unknown[] = [];
  while (mailbox.length > 0) messages.push(mailbox.shift());
  return messages;
}

describe("Mailbox", () => {
  test("hands out messages in the order in which they came", () => {
    const mailbox = new Mailbox();
    for (let i = 0; i < 100; i += 1) mailbox.push(undefined, i);
    expect(drain(mailbox)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  test("keeps the tag of each message beside it", () => {
    const mailbox = new Mailbox();
    mailbox.push("call", 1);
    mailbox.push(undefined, 2);
    expect(mailbox.headTag()).toBe("call");
    mailbox.shift();
    expect(mailbox.headTag()).toBe(undefined);
  });

  test("finds again what came after a mark, whatever is taken meanwhile", () => {
    const step = fc.record({ before: fc.nat(30), after: fc.nat(10), taken: fc.array(fc.nat(60)) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 5 }), (steps) => {
        const mailbox = new Mailbox();
        for (const { before, after, taken } of steps) {
          for (let i = 0; i < before; i += 1) mailbox.push(undefined, "before");
          const mark = mailbox.mark();
          expect(mailbox.indexOf(mark)).toBe(mailbox.length);
          for (let i = 0; i < after; i += 1) mailbox.push(undefined, mark);
          for (const index of taken) {
            if (mailbox.length === 0) break;
            if (index % 2 === 0) mailbox.shift();
            else mailbox.removeAt(index % mailbox.length);
            const first = Array.from({ length: mailbox.length }, (_, i) => mailbox.messageAt(i)).indexOf(
              mark,
            );
            expect(mailbox.indexOf(mark)).toBeLessThanOrEqual(first < 0 ? mailbox.length : first);
          }
        }
      }),
    );
  });

  test("behaves as a list, whatever is pushed, shifted and taken out of the middle", () => {
    const operation = fc.oneof(
      fc.record({ do: fc.constant("push" as const), value: fc.integer() }),
      fc.record({ do: fc.constant("shift" as const), value: fc.constant(0) }),
      fc.record({ do: fc.constant("remove" as const), value: fc.nat(40) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const mailbox = new Mailbox();
        const model: number[] = [];
        for (const { do: action, value } of operations) {
          if (action === "push") {
            mailbox.push(undefined, value);
            model.push(value);
          } else if (model.length > 0 && action === "shift") {
            expect(mailbox.shift()).toBe(model.shift());
          } else if (model.length > 0) {
            const index = value % model.length;
            expect(mailbox.messageAt(index)).toBe(model[index]);
            mailbox.removeAt(index);
            model.splice(index, 1);
          }
          expect(mailbox.length).toBe(model.length);
        }
        expect(drain(mailbox)).toEqual(model);
      }),
    );
  });
});
