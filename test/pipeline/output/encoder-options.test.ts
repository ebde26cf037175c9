import { expect, test } from 'vitest';
import { findFfmpeg } from '../../../dist/pipeline/ffmpeg/binary.js';
import { checkEncoder } from '../../../dist/pipeline/output/encoder-options.js';
import { failureOf } from '../../helpers/errors.js';

const binary = await findFfmpeg();

test.each([
  ['libx264', 'x264-params', 'crf=20:stats=victim', 'stats'],
  ['libx264', 'x264-params', 'pass=1', 'pass'],
  ['libx264', 'x264opts', 'dump-yuv=victim', 'dump-yuv'],
  ['libx264', 'x264-params', 'cqm=victim', 'cqm'],
  ['libx264', 'x264-params', 'opencl=1', 'opencl'],
  ['libx264', 'x264-params', 'crf=20\\:stats=victim', 'x264-params'],
  ['libx264', 'x264-params', "aud='1:stats=victim'", 'x264-params'],
  ['libx264', 'stats', 'victim', 'stats'],
  ['libx264', 'passlogfile', 'victim', 'passlogfile'],
  ['libx264', 'flags', '+pass1', 'pass1'],
  ['libx264', 'flags', '512', '512'],
  ['libx265', 'x265-params', 'csv=victim:crf=20', 'csv'],
  ['libx265', 'x265-params', ' analysis_save=victim', 'analysis-save'],
  ['libx265', 'x265-params', 'recon=victim', 'recon'],
  ['libaom-av1', 'aom-params', 'film-grain-table=victim', 'aom-params'],
])('%s refuses -%s %s by the name %s', async (name, option, value, named) => {
  const error = await failureOf(() => checkEncoder(binary, { name, options: [[option, value]] }));
  expect(error.code).toBe('SRVID_OPTION_INVALID');
  expect(error.message).toContain(`"${named}"`);
});

test.each([
  ['libx264', 'x264-params', 'crf=20:ref=4:no-mbtree:b_adapt=2:8x8dct=1'],
  ['libx264', 'x264opts', 'keyint=50:me=umh'],
  ['libx264', 'preset', 'ultrafast'],
  ['libx264', 'flags', '+cgop+bitexact'],
  ['libx264', 'x264-params', ''],
  ['libx265', 'x265-params', 'log-level=none:no-sao=1:master-display=G(1,2)B(3,4)R(5,6)WP(7,8)L(9,1)'],
  ['libsvtav1', 'svtav1-params', 'tune=0:film-grain=8'],
  ['libvpx-vp9', 'cpu-used', '4'],
])('%s takes -%s %s', async (name, option, value) => {
  await checkEncoder(binary, { name, options: [[option, value]] });
});
