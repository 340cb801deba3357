import fc from "fast-check";
import { assert, describe, test } from "vitest";
import { TokenBucket } from "../../../channels/transport/token-bucket.ts";

describe("TokenBucket", () => {
  test("lets a burst pass, then says how long to wait", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 1_000);
    assert.deepEqual(
      [0, 0, 0].map(() => bucket.take(1_000)),
      [0, 0, 0],
    );
    assert.equal(bucket.take(1_000), 100);
    assert.equal(bucket.take(1_040), 60);
    assert.equal(bucket.take(1_100), 0);
    assert.equal(bucket.take(1_100), 100);
  });

  test("gathers no more than the burst, however long nothing comes", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 0);
    assert.deepEqual(
      [0, 0, 0].map(() => bucket.take(1e9)),
      [0, 0, 100],
    );
  });

  test("lets less than one a second pass, too", () => {
    const bucket = new TokenBucket({ perSecond: 0.5, burst: 1 }, 0);
    assert.deepEqual(
      [0, 0, 1_999, 2_000].map((nowMs) => bucket.take(nowMs)),
      [0, 2_000, 1, 0],
    );
  });

  test("lets pass who has waited as long as told, whatever fractions of a token came before", () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, 0);
    assert.deepEqual(
      [18, 23, 58, 1_018].map((nowMs) => bucket.take(nowMs)),
      [0, 0, 960, 0],
    );
  });

  test("never lets more pass than the burst and the rate together, and what it says about waiting is true", () => {
    const gaps = fc.array(fc.nat(400), { maxLength: 200 });
    fc.assert(
      fc.property(
        gaps,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (waits, perSecond, burst) => {
          const bucket = new TokenBucket({ perSecond, burst }, 0);
          let nowMs = 0;
          let passed = 0;
          for (const wait of waits) {
            nowMs += wait;
            const waitMs = bucket.take(nowMs);
            if (waitMs === 0) {
              passed += 1;
            } else {
              nowMs += waitMs;
              assert.equal(bucket.take(nowMs), 0);
              passed += 1;
            }
            assert.isAtMost(passed, burst + (nowMs / 1_000) * perSecond + 1e-6);
          }
        },
      ),
    );
  });
});
