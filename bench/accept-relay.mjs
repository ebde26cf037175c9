// `npm run accept:relay [-- --seconds 60]`: the figures that the live relay is judged by, in Debian's Chromium on the same machine. For an idle one.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findBrowser } from '../scripts/setup/browser.mjs';
import { freePort } from './free-port.mjs';
import { optionsOf } from './options.mjs';
import { COMMAND, makeClip } from './paced.mjs';
import { STAMP, stampOf, startStampedSource } from './stamped-source.mjs';

const { seconds, fps, shot, budget, only } = optionsOf({ seconds: 60, fps: 30, shot: undefined, budget: undefined, only: '1,2' });
const told = (what, figure, wants = '') => console.log(`${what}: ${figure}${wants && `   [${wants}]`}`);
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
const folder = await mkdtemp(join(tmpdir(), 'srvid-accept-'));
const found = findBrowser() ?? '/usr/bin/chromium';
const browser = await chromium.launch({
  executablePath: found.startsWith('/') ? found : `/usr/bin/${found}`,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

try {
  const clip = await makeClip(folder, { fps, seconds: 10 });
  if (only.includes('1')) await playback(clip);
  if (only.includes('2')) await latency(clip);
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}

/** A looped clip on the page: does it play, without standing still, and how much of it is super-resolved. */
async function playback(clip) {
  const relay = await startRelay(clip, '--loop', ...(budget ? ['--budget-ms', budget] : []));
  try {
    const page = await openPage(relay);
    const before = cpuSeconds();
    const watched = await page.evaluate(watchVideo, seconds * 1000);
    told(`1. ${fps} frames a second, the page in Chromium for`, `${seconds} s`);
    told('   height of the video', watched.height, '1080');
    told('   playback advanced', `${watched.advanced.toFixed(2)} s`, `${seconds} s`);
    told('   longest time without a new picture', `${watched.longestMs.toFixed(0)} ms`, '<= 300');
    told('   times above 300 ms', watched.stalls);
    told('   pictures shown a second', (watched.frames / seconds).toFixed(1));
    const share = await moveSlider(page);
    told('   the line moved by keys from and to', share.join(' -> '));
    if (shot) await page.screenshot({ path: shot });
    const { run } = (await json(relay, '/stats')).streams.main;
    const total = Object.values(run.outcomes).reduce((sum, count) => sum + count, 0);
    told('   outcomes', JSON.stringify(run.outcomes), `sr >= 50 %: ${((100 * run.outcomes.sr) / total).toFixed(1)} %`);
    told('   levels', JSON.stringify(Object.fromEntries(run.realtime.levels.map(({ name, frames }) => [name, frames]))));
    told('   cores that Chromium took', ((cpuSeconds() - before) / seconds).toFixed(2));
    await page.close();
  } finally {
    await relay.stop();
  }
}

/** A source that stamps its frames with the time: how old is what is on the screen. */
async function latency(clip) {
  const source = startStampedSource(clip, { width: 640, height: 360, fps, port: await freePort() });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const relay = await startRelay(source.url, ...(budget ? ['--budget-ms', budget] : []));
  try {
    const page = await openPage(relay);
    await page.waitForTimeout(10_000);
    const samples = await page.evaluate(readStamps, { ...STAMP, width: 640, milliseconds: seconds * 1000 });
    const ages = samples.map(({ stamp, at }) => (stampOf(at) - stamp + 2 ** STAMP.bits) % 2 ** STAMP.bits).sort((a, b) => a - b);
    told(`2. glass to glass, ${ages.length} pictures`, `p50 ${quantile(ages, 0.5)}, p95 ${quantile(ages, 0.95)} ms`, 'p95 <= 500');
    const { live, run } = (await json(relay, '/stats')).streams.main;
    const allowed = run.realtime.budgetMs + 2000 / fps;
    told("   the relay's share, arrival to WebSocket", `p50 ${live.relayMs.p50}, p95 ${live.relayMs.p95} ms`, `p95 <= ${allowed.toFixed(0)}`);
    told('   outcomes', JSON.stringify(run.outcomes));
    await page.close();
  } finally {
    await relay.stop();
    source.stop();
  }
}

async function startRelay(...args) {
  const child = spawn(process.execPath, [COMMAND, 'relay', ...args, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  const address = await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      const url = /watch: (\S+)/.exec(said);
      if (url) resolve(url[1]);
    });
    child.once('close', () => reject(new Error(`srvid relay ended: ${said}`)));
  });
  const stop = () => {
    child.kill('SIGINT');
    return closed;
  };
  return { address, stop };
}

async function openPage({ address }) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(address);
  await page.waitForFunction(() => [...document.querySelectorAll('video')].some((video) => video.videoHeight === 1080 && video.currentTime > 0), undefined, {
    timeout: 60_000,
  });
  await page.waitForTimeout(3000);
  return page;
}

/** In the page: what the larger video does for so long. */
function watchVideo(milliseconds) {
  const video = [...document.querySelectorAll('video')].sort((a, b) => b.videoHeight - a.videoHeight)[0];
  const [from, since] = [video.currentTime, performance.now()];
  let [frames, last, longestMs, stalls] = [0, performance.now(), 0, 0];
  return new Promise((resolve) => {
    const next = (now) => {
      frames++;
      if (now - last > 300) stalls++;
      longestMs = Math.max(longestMs, now - last);
      last = now;
      if (now - since < milliseconds) video.requestVideoFrameCallback(next);
      else resolve({ height: video.videoHeight, advanced: video.currentTime - from, frames, longestMs, stalls });
    };
    video.requestVideoFrameCallback(next);
  });
}

/** In the page: the stamps of the pictures as they are shown, and when that was. */
function readStamps({ bits, side, width, milliseconds }) {
  const video = [...document.querySelectorAll('video')].sort((a, b) => b.videoHeight - a.videoHeight)[0];
  const canvas = new OffscreenCanvas(width, side);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const samples = [];
  const since = performance.now();
  return new Promise((resolve) => {
    const next = (_, { expectedDisplayTime }) => {
      const scale = video.videoWidth / width;
      context.drawImage(video, 0, 0, video.videoWidth, side * scale, 0, 0, width, side);
      const row = context.getImageData(0, side / 2, width, 1).data;
      const light = (block) => row[4 * Math.floor((block + 0.5) * side)] > 128;
      if (light(0) && !light(1)) {
        let stamp = 0;
        for (let bit = 0; bit < bits; bit++) stamp = stamp * 2 + (light(bit + 2) ? 1 : 0);
        samples.push({ stamp, at: performance.timeOrigin + Math.max(expectedDisplayTime, performance.now()) });
      }
      if (performance.now() - since < milliseconds) video.requestVideoFrameCallback(next);
      else resolve(samples);
    };
    video.requestVideoFrameCallback(next);
  });
}

async function moveSlider(page) {
  const slider = page.getByRole('slider').first();
  const before = await slider.getAttribute('aria-valuenow');
  await slider.focus();
  for (let press = 0; press < 5; press++) await page.keyboard.press('ArrowRight');
  return [before, await slider.getAttribute('aria-valuenow')];
}

async function json({ address }, path) {
  return (await fetch(new URL(path, address))).json();
}

/** Memory of all of Chromium's processes; one that has ended is not counted. */
function cpuSeconds() {
  const programs = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const ticks = programs.map((id) => {
    try {
      const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return stat.includes('(chromium') ? Number(fields[11]) + Number(fields[12]) : 0;
    } catch {
      return 0;
    }
  });
  return ticks.reduce((sum, count) => sum + count, 0) / 100;
}
