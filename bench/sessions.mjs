// npm run bench -- sessions [COUNT]: opens runs in one process, one after another, with one worker each and none of them closed, and prints
// what each adds: milliseconds and CPU time until its first frame, and memory. It says what sharing workers among runs could save.
import { upscale } from 'srvid';

const [WIDTH, HEIGHT] = [640, 360];

export async function measure([count = '4']) {
  const runs = [];
  console.log(`${WIDTH}x${HEIGHT}, swift x2, one worker a run`);
  for (let run = 1; run <= Number(count); run++) {
    const before = { at: performance.now(), cpu: cpuMs(), rss: process.memoryUsage.rss() };
    const frames = upscale(still(), { preset: 'swift', scale: 2, workers: 1 })[Symbol.asyncIterator]();
    await frames.next();
    runs.push(frames);
    const [ms, cpu, rss] = [performance.now() - before.at, cpuMs() - before.cpu, process.memoryUsage.rss() - before.rss];
    console.log(`run ${run}: first frame after ${ms.toFixed(0)} ms, ${cpu.toFixed(0)} ms of CPU time, ${(rss / 1e6).toFixed(0)} MB`);
  }
  await Promise.all(runs.map((frames) => frames.return()));
}

/** One picture again and again, each time a little brighter, so that none is a duplicate. */
function* still() {
  for (let pts = 0; ; pts++)
    yield { format: 'yuv420p', width: WIDTH, height: HEIGHT, pts, timeBase: { num: 1, den: 25 }, data: new Uint8Array(WIDTH * HEIGHT * 1.5).fill(pts % 200) };
}

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
