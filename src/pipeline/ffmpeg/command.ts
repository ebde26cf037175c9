import Ffmpeg from 'fluent-ffmpeg';

/** One input of an ffmpeg command: the options before `-i`, and the URL after it. */
export interface CommandInput {
  readonly options: readonly string[];
  readonly url: string;
}

/** One ffmpeg command line. */
export interface FfmpegCommand {
  readonly inputs: readonly CommandInput[];
  readonly outputOptions: readonly string[];
  /** A file, or "pipe:N". */
  readonly output: string;
  /** The arguments of a further output, complete. */
  readonly furtherOutput?: readonly string[];
}

/**
 * The argument list of a command, built by fluent-ffmpeg. Only its grammar is used: it cannot give a process more than
 * one stream each way, an abort signal or a clean stop, so `FfmpegProcess` starts the process. Every option is passed
 * by itself, since fluent-ffmpeg splits a lone string at its space. A lone option has no value, and so no space.
 * `.map()` is avoided, since it rewrites "0:v".
 */
export function commandArguments(command: FfmpegCommand): string[] {
  const builder = Ffmpeg({ logger: undefined });
  for (const { url, options } of command.inputs) {
    builder.input(url);
    if (options.length === 1) builder.inputOptions([...options]);
    else if (options.length > 1) builder.inputOptions(...options);
  }
  builder.output(command.output).outputOptions(...command.outputOptions);
  // -y: files are only ever written under srvid's own temporary name, where a killed run may have left one.
  return ['-nostdin', '-y', '-hide_banner', '-v', 'warning', ...builder._getArguments(), ...(command.furtherOutput ?? [])];
}

/** The URL by which ffmpeg opens a local file: a path can thus be neither an option nor another protocol. */
export function fileUrl(path: string): string {
  return `file:${path}`;
}
