import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPlugin, runPlugin, testFrame } from 'srvid/plugin/testing';
import { effect } from '../dist/index.js';

const plugin = new URL('../dist/index.js', import.meta.url);

test('it keeps the contract of plugins', async () => {
  const report = await checkPlugin(plugin);
  assert.ok(report.ok, report.text);
});

test('each pixel of the luma gets the brightness that the effect gives it', async () => {
  const frame = testFrame({ format: 'gray', width: 220, height: 2 }, (x) => 16 + x);
  const [result] = await runPlugin(plugin, [frame], { options: { strength: 0.8 } });
  const wanted = effect(100 / 219, { strength: 0.8 });
  assert.equal(result.data[100], Math.round(16 + 219 * Math.min(1, Math.max(0, wanted))));
});

test('an option that cannot be used is refused in words', async () => {
  await assert.rejects(checkPlugin(plugin, { options: { strength: 'much' } }), /strength/);
});
