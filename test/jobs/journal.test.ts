import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { JournalFile, readJournal } from '../../dist/jobs/journal.js';
import type { PieceResult } from '../../dist/jobs/scheduler.js';
import { temporaryFolder } from '../helpers/media.js';

const HASH = '0'.repeat(64);
const TIME_BASE = { num: 1, den: 100 };
const SPANS = [0, 1, 2].map((index) => ({ from: index === 0 ? null : index * 100, to: (index + 1) * 100, timeBase: TIME_BASE }));
const resultOf = (index: number): PieceResult => ({ piece: `000${index}.nut`, frames: 10, bytes: 1, sha256: HASH, outcomes: {}, tookMs: 1, warnings: [] });

it('a piece is in the journal once it is on disk there, also where two are finished at once', async () => {
  const folder = join(await temporaryFolder(), 'job');
  const source = { path: '/clip.mkv', bytes: 1, changedMs: 0, sha256: HASH };
  const file = await JournalFile.begin(folder, { whole: '0123456789abcdef', output: '/out.mkv', source, makes: {}, spans: SPANS, pieces: {} });
  const first = file.add(0, resultOf(0));
  // The first entry is being written by now.
  await setImmediate();
  expect(Object.keys(file.journal.pieces)).toEqual([]);
  const second = file.add(1, resultOf(1));
  await first;
  expect(Object.keys(file.journal.pieces)).toEqual(['0']);
  await second;
  expect(Object.keys(file.journal.pieces)).toEqual(['0', '1']);
  expect((await readJournal(folder))?.pieces).toEqual(file.journal.pieces);
});
