import { resolve } from 'node:path';
import { sequenceOf } from '../input/pictures.js';
import type { Container } from './container.js';
import { OutputFile } from './output-file.js';
import { PictureFiles } from './picture-files.js';

/** The files of an output. They are written under other names, and get their own when all are complete. */
export interface Target {
  /** Path of the unfinished file, or the pattern of unfinished pictures, for ffmpeg. */
  readonly partial: string;
  /** Makes the unfinished file's place. `discard` must follow in every case. */
  claim(): Promise<void>;
  /** Gives finished files their names. */
  publish(): Promise<void>;
  /** Removes what is unfinished. */
  discard(): Promise<void>;
}

/** The options of a session that name its files. */
export interface TargetOptions {
  readonly input: string;
  readonly output: string;
  readonly overwrite: boolean;
  readonly startNumber?: number | undefined;
}

/** Checks the names of an output in a container; creates nothing yet. @throws SRVID_OUTPUT_EXISTS, SRVID_OUTPUT_IS_INPUT, SRVID_OUTPUT_UNWRITABLE */
export function prepareTarget(options: TargetOptions, { picture, isSingle }: Container): Promise<Target> {
  const sequence = picture && !isSingle ? sequenceOf(resolve(options.output)) : undefined;
  return sequence ? PictureFiles.prepare(sequence, options) : OutputFile.prepare(options.output, options.input, options.overwrite);
}
