import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseSessionOptions } from '../../../dist/options/session.js';
import {
  type Admission,
  type AdmissionState,
  DROP_POLICIES,
  DROP_POLICY_NAMES,
  type DropPolicy,
  type LateState,
} from '../../../dist/pipeline/policies/drop-policies.js';
import { failureOf } from '../../helpers/errors.js';
import { live, tally } from '../../helpers/realtime.js';

/** Twice as many frames as two workers can process. */
const overload = { frames: 120, fps: 60, levels: [45, 12] };

test.each<[keyof typeof DROP_POLICIES, Partial<AdmissionState>, Admission]>([
  ['bypass', {}, 'queue'],
  ['bypass', { full: true }, 'displace-oldest'],
  ['drop-oldest', {}, 'queue'],
  ['drop-oldest', { full: true }, 'displace-oldest'],
  ['drop-newest', {}, 'queue'],
  ['drop-newest', { full: true }, 'refuse'],
  ['drop-newest', { inTime: () => false }, 'refuse'],
  ['drop-newest', { inTime: () => false, idle: true }, 'queue'],
  ['block', { full: true, inTime: () => false }, 'queue'],
])('%s, when a frame comes and %o', (name, state, admission) => {
  expect(DROP_POLICIES[name].admit({ full: false, idle: false, inTime: () => true, ...state })).toBe(admission);
});

test.each<[keyof typeof DROP_POLICIES, Partial<LateState>, number | undefined]>([
  ['bypass', { inTime: (level) => level === 2 }, 2],
  ['bypass', {}, undefined],
  ['bypass', { alone: true }, 2],
  ['drop-oldest', { inTime: (level) => level === 2 }, undefined],
  ['drop-oldest', { alone: true }, 1],
  ['drop-newest', {}, 0],
  ['block', {}, 0],
])('%s, when a frame would be late and %o', (name, state, level) => {
  expect(DROP_POLICIES[name].levelWhenLate({ level: 0, cheapest: 1, bypass: 2, inTime: () => false, alone: false, ...state })).toBe(level);
});

test('a policy is carried out whatever it says, in every decision that it has', async () => {
  const base: DropPolicy = {
    holdsSource: false,
    givesUp: false,
    admit: ({ full }) => (full ? 'displace-oldest' : 'queue'),
    levelWhenLate: ({ level }) => level,
  };
  const outcomes = async (policy: Partial<DropPolicy>) => tally((await live({ ...overload, policy: { ...base, ...policy } })).endings);
  expect(await outcomes({ admit: () => 'refuse' })).toEqual({ 'dropped: overload': 120 });
  expect(Object.keys(await outcomes({})).sort()).toEqual(['dropped: overload', 'sr']);
  expect(Object.keys(await outcomes({ givesUp: true }))).toContain('dropped: late');
  expect(Object.keys(await outcomes({ levelWhenLate: ({ bypass }) => bypass }))).toContain('bypassed: late');
  expect(Object.keys(await outcomes({ levelWhenLate: () => undefined }))).toContain('dropped: late');
  expect(await outcomes({ holdsSource: true, admit: () => 'queue' })).toEqual({ sr: 120 });
});

test('options take the names of all policies and no other', async () => {
  const parse = (policy: string) => parseSessionOptions({ input: 'a', output: 'b', realtime: true, policy: policy as 'block' });
  expect(DROP_POLICY_NAMES).toEqual(['bypass', 'drop-oldest', 'drop-newest', 'block']);
  for (const name of DROP_POLICY_NAMES) expect(parse(name).policy).toBe(name);
  expect((await failureOf(() => parse('drop-all'))).message).toMatch(/policy.*bypass.*drop-oldest.*drop-newest.*block/);
});

test.each(['dispatcher', 'flow', 'dispatcher-options'])('%s.ts knows no policy by name', async (file) => {
  const text = await readFile(new URL(`../../../src/pipeline/engine/realtime/${file}.ts`, import.meta.url), 'utf8');
  for (const name of DROP_POLICY_NAMES) expect(text).not.toContain(`'${name}'`);
});
