// `npm run bench [-- [CLIP] [--json]]`: what each stage costs alone, what that allows, and what the whole reaches.
// `npm run bench -- ops` measures operators, `npm run bench -- lower` networks before and after their rewrite.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { prepareClip } from './clip.mjs';
import { endToEnd } from './end-to-end.mjs';
import { compareLowering } from './lowering.mjs';
import { decodeCost, encodeCost, networkCost } from './stages.mjs';
import { median, withTemporaryFolder } from './tools.mjs';

const [part, ...rest] = process.argv.slice(2);
if (part === 'ops') await import('./ops.mjs').then(({ benchOps }) => benchOps(rest));
else if (part === 'lower') await import('./lower.mjs').then(({ benchLower }) => benchLower(rest));
else await benchPipeline();

async function benchPipeline() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, runs: { type: 'string', default: '5' }, frames: { type: 'string', default: '300' } },
  });
  const [runs, frames] = [Number(values.runs), Number(values.frames)];
  const source = positionals[0] ?? new URL('../examples/clips/', import.meta.url);
  const say = (text) => values.json || console.log(text);

  const report = await withTemporaryFolder(async (folder) => {
    const clip = await prepareClip(source, folder, frames);
    say(`${clip.name}: ${clip.frames} frames of 640x360, ABPN x3 to 1920x1080, x264 ultrafast, ${availableParallelism()} cores; medians of ${runs}\n`);
    const rounds = [];
    for (let round = 0; round < runs; round++) {
      // One after the other within a round, so that all figures of a round come from the same minute of a noisy machine.
      const network = await networkCost(clip);
      const decode = await decodeCost(clip);
      const encode = await encodeCost(clip, folder);
      const whole = await endToEnd(clip, folder);
      const bound = (availableParallelism() * 1000) / (network + decode + encode);
      rounds.push({ network, decode, encode, bound, fps: whole.fps, efficiency: whole.fps / bound, startupSeconds: whole.startupSeconds });
      say(
        `round ${round + 1}: network ${network.toFixed(1)}, decode ${decode.toFixed(1)}, encode ${encode.toFixed(1)} core-ms a frame; bound ${bound.toFixed(1)} fps; whole ${whole.fps.toFixed(1)} fps = ${(whole.fps / bound).toFixed(3)} of it`,
      );
    }
    const middle = Object.fromEntries(Object.keys(rounds[0]).map((key) => [key, median(rounds.map((round) => round[key]))]));
    return { clip: clip.name, frames: clip.frames, cores: availableParallelism(), runs, median: middle, rounds, lowering: await compareLowering(clip) };
  });

  if (values.json) console.log(JSON.stringify(report, null, 2));
  else {
    const { median: m, lowering } = report;
    console.log(`
stage, alone                 core-ms a frame
network (one thread)         ${m.network.toFixed(1).padStart(8)}
decode (to -f null)          ${m.decode.toFixed(1).padStart(8)}
encode (recorded frames)     ${m.encode.toFixed(1).padStart(8)}
bound = cores x 1000 / sum   ${m.bound.toFixed(1).padStart(8)} fps
end to end, start-up out     ${m.fps.toFixed(1).padStart(8)} fps
efficiency                   ${m.efficiency.toFixed(3).padStart(8)}
start-up                     ${m.startupSeconds.toFixed(2).padStart(8)} s

lowered and unlowered network: ${lowering.differingBytes} of ${lowering.bytes} bytes differ; time ratio ${lowering.ratio.toFixed(3)} (median of ${lowering.pairs} alternating pairs)`);
  }
}
