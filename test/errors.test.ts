import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeCause, ERROR_CODES, type ErrorCode, messageOf, SrvidError } from '../dist/errors.js';

const code = fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorCode[]));
const details = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.array(fc.string())));

test('an error keeps code, message, details and cause across a thread', () => {
  fc.assert(
    fc.property(code, fc.string(), details, fc.option(fc.string(), { nil: undefined }), (name, message, facts, cause) => {
      const error = new SrvidError(name, message, facts, cause);
      const back = SrvidError.fromRecord(structuredClone(error.toRecord()));
      expect(back).toBeInstanceOf(SrvidError);
      expect([back.code, back.message, back.details, back.cause]).toEqual([name, message, facts, cause]);
      expect(back.exitCode).toBe(ERROR_CODES[name].exit);
    }),
  );
});

test('a cause crosses as text that still says where it was thrown', () => {
  const cause = new Error('deep down');
  expect(new SrvidError('SRVID_PLUGIN_FAILED', 'failed', {}, cause).toRecord().cause).toMatch(/deep down[\s\S]*errors\.test/);
});

test('an error without a cause has none, not even an undefined one', () => {
  const error = new SrvidError('SRVID_PLUGIN_FAILED', 'failed');
  expect('cause' in error).toBe(false);
  expect('cause' in error.toRecord()).toBe(false);
});

test.each([new Error('told'), 'told', { toString: () => 'told' }])('whatever was thrown can be put into words', (thrown) => {
  expect(messageOf(thrown)).toBe('told');
  expect(describeCause(thrown)).toContain('told');
});

test('every code has one of the exit codes that are promised', () => {
  for (const { exit, summary } of Object.values(ERROR_CODES)) {
    expect([1, 2, 130]).toContain(exit);
    expect(summary).toMatch(/^(ffmpeg|[A-Z]).*\.$/);
  }
});
