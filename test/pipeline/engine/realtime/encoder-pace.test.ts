import { expect, test } from 'vitest';
import { EncoderPace } from '../../../../dist/pipeline/engine/realtime/encoder-pace.js';

/** An encoder that took so long for each of many frames. */
function paced(milliseconds: number): EncoderPace {
  const pace = new EncoderPace(100);
  for (let frame = 0; frame < 60; frame++) {
    pace.finished();
    pace.took(milliseconds);
  }
  return pace;
}

test('a result must be ready before its deadline by the time of handing it over, of which a stall counts a quarter of the budget', () => {
  expect(paced(8).due(1000, 900)).toBeCloseTo(992, 1);
  expect(paced(80).due(1000, 900)).toBeCloseTo(975, 1);
  expect(paced(80).frameMs).toBeCloseTo(80, 1);
});

test('a frame that the encoder cannot take in time, for what waits before it, has no time left', () => {
  const pace = paced(35);
  expect([pace.lags, pace.due(1000, 910)]).toEqual([false, expect.closeTo(975, 1)]);
  pace.finished();
  expect(pace.lags).toBe(false);
  pace.finished();
  // 35 ms for each of the two before it, and for itself.
  expect([pace.lags, pace.due(1000, 900), pace.due(1000, 890)]).toEqual([true, 900, expect.closeTo(975, 1)]);
  pace.took(35);
  expect([pace.lags, pace.due(1000, 900)]).toEqual([false, expect.closeTo(975, 1)]);
});
