import { expect, test } from 'vitest';
import { prometheusText } from '../../dist/report/prometheus.js';
import { live } from '../helpers/realtime.js';

const stages = [{ name: 'abpn', busyMs: 450, utilisation: 0.5, p50Ms: 44, p95Ms: 46, p99Ms: 50 }];

/** Every sample by its name and labels, after checking that each line is what a scraper can read. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE ([a-z_]+) (counter|gauge)$/.exec(line);
    if (type) types.set(type[1] as string, type[2] as string);
    if (line.startsWith('#')) continue;
    const sample = /^([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (-?[\d.e+-]+)$/.exec(line);
    expect(sample, line).not.toBeNull();
    const [, name = '', labels = '', value] = sample ?? [];
    expect(types.has(name), `${name} has a type`).toBe(true);
    expect(types.get(name) === 'counter').toBe(name.endsWith('_total'));
    expect(samples.has(name + labels), `${name}${labels} comes once`).toBe(false);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

test('a run without deadlines tells frames and stages', () => {
  const samples = samplesOf(prometheusText({ framesIn: 12, framesOut: 10, outcomes: { sr: 9, reused: 1, bypassed: 0, dropped: 0 }, stages }));
  expect(samples.get('srvid_frames_read_total')).toBe(12);
  expect(samples.get('srvid_frames_total{outcome="reused"}')).toBe(1);
  expect(samples.get('srvid_stage_seconds{stage="abpn",quantile="0.95"}')).toBe(0.046);
});

test('a real-time run tells outcomes by reason, levels, queue and latency, and the counts add up', async () => {
  const { flow, report } = await live({ frames: 600, fps: 60, levels: [45, 12], budgetMs: 150 });
  const samples = samplesOf(prometheusText({ ...flow, stages, realtime: report }));
  const sum = (name: string) => [...samples].filter(([key]) => key.startsWith(`srvid_${name}{`)).reduce((total, [, value]) => total + value, 0);
  expect(sum('frames_total')).toBe(600);
  expect(sum('level_frames_total')).toBe(flow.framesOut);
  expect(samples.get('srvid_frames_unprocessed_total{outcome="bypassed",reason="late"}')).toBe(flow.outcomes.bypassed);
  expect((samples.get('srvid_frames_delivered_total') ?? 0) + (samples.get('srvid_frames_late_total') ?? 0)).toBe(600);
  expect(samples.get('srvid_level_current{level="level 0"}')).toBe(1);
  expect(samples.get('srvid_latency_seconds{quantile="0.5"}')).toBeCloseTo(report.latencyMs.p50 / 1000);
  expect(samples.get('srvid_queue_frames')).toBe(0);
});

test('labels go to every sample, whatever they hold', () => {
  const text = prometheusText({ framesIn: 1, framesOut: 1, outcomes: { sr: 1, reused: 0, bypassed: 0, dropped: 0 }, stages }, { stream: 'a "b"\\\nc' });
  for (const key of samplesOf(text).keys()) expect(key).toContain('stream="a \\"b\\"\\\\\\nc"');
});
