/**
 * Every error of srvid, by code. `docs/errors.md` explains each, and a test keeps the two in step.
 *
 * `exit` is the command's exit code: 1 the work failed, 2 the command or a file that it names was wrong, 130
 * interrupted.
 */
export const ERROR_CODES = {
  SRVID_OPTION_INVALID: { exit: 2, summary: 'An option has a value that cannot be used.' },
  SRVID_PRESET_UNKNOWN: { exit: 2, summary: 'No preset has that name, and no file does either.' },
  SRVID_PRESET_INVALID: { exit: 2, summary: 'A preset file is not JSON, or not a preset.' },
  SRVID_PLUGIN_UNKNOWN: { exit: 2, summary: 'No plugin has that name, and no file or package does either.' },
  SRVID_PLUGIN_INVALID: { exit: 2, summary: 'A module was loaded but is not a plugin that this srvid can run.' },
  SRVID_PLUGIN_FAILED: { exit: 1, summary: 'A plugin threw an error, or returned something that is not a frame.' },
  SRVID_MODEL_UNKNOWN: { exit: 2, summary: 'No installed model has that family, scale and precision.' },
  SRVID_MODEL_INVALID: { exit: 1, summary: 'A model file is missing, damaged, or not of the shape it should have.' },
  SRVID_DEVICE_UNAVAILABLE: { exit: 2, summary: 'The device that networks are to run on is not there, or ONNX Runtime was built without it.' },
  SRVID_ENGINE_UNAVAILABLE: { exit: 2, summary: 'The native engine was asked for, but is not there or does not run the network.' },
  SRVID_TELEMETRY_ON: { exit: 1, summary: "ONNX Runtime's telemetry cannot be switched off from the thread that srvid runs in." },
  SRVID_MODEL_UNSUPPORTED: { exit: 1, summary: 'A network is of a kind that cannot be examined or rewritten.' },
  SRVID_MODEL_DIFFERS: { exit: 1, summary: 'A rewritten network does not give the bytes of the original.' },
  SRVID_WORKER_FAILED: { exit: 1, summary: 'A worker thread died or did not answer in time.' },
  SRVID_INPUT_NOT_FOUND: { exit: 2, summary: 'The input does not exist or is not a file.' },
  SRVID_INPUT_UNREADABLE: { exit: 1, summary: 'The input is not something ffmpeg can read.' },
  SRVID_INPUT_NO_VIDEO: { exit: 1, summary: 'The input has no video stream.' },
  SRVID_INPUT_UNSUPPORTED: { exit: 1, summary: 'The video is of a kind srvid does not process.' },
  SRVID_INPUT_REFERENCES: { exit: 2, summary: 'The input is of a kind that opens other files, and that was not allowed.' },
  SRVID_INPUT_TOO_LARGE: { exit: 1, summary: 'The frames have more pixels than are taken unasked.' },
  SRVID_INPUT_DAMAGED: { exit: 1, summary: 'Part of the video cannot be decoded, or part of its sound cannot be carried along.' },
  SRVID_INPUT_EMPTY: { exit: 1, summary: 'The video gave no frames.' },
  SRVID_FRAME_INVALID: { exit: 1, summary: 'A frame that a program gave is none, or is not like those before it.' },
  SRVID_OUTPUT_EXISTS: { exit: 2, summary: 'The output exists, and overwriting was not asked for.' },
  SRVID_OUTPUT_IS_INPUT: { exit: 2, summary: 'Input and output are the same file.' },
  SRVID_OUTPUT_IN_USE: { exit: 1, summary: 'Another session is writing the output.' },
  SRVID_OUTPUT_IN_INPUT: { exit: 2, summary: 'The output folder lies in the folder of the input.' },
  SRVID_OUTPUT_SHARED: { exit: 2, summary: 'Two files of a folder would get one output.' },
  SRVID_OUTPUT_UNWRITABLE: { exit: 1, summary: 'The output cannot be written.' },
  SRVID_OUTPUT_FORMAT: { exit: 2, summary: 'The kind of file to write is unknown.' },
  SRVID_FFMPEG_MISSING: { exit: 1, summary: 'ffmpeg or ffprobe is not installed.' },
  SRVID_FFMPEG_TOO_OLD: { exit: 1, summary: 'The installed ffmpeg is older than srvid needs.' },
  SRVID_FFMPEG_UNFIT: { exit: 1, summary: 'The installed ffmpeg runs, but does not give what srvid needs.' },
  SRVID_ENCODER_UNAVAILABLE: { exit: 2, summary: 'The installed ffmpeg does not have that encoder, or it does not run.' },
  SRVID_DECODE_FAILED: { exit: 1, summary: 'ffmpeg stopped while decoding.' },
  SRVID_ENCODE_FAILED: { exit: 1, summary: 'ffmpeg stopped while encoding.' },
  SRVID_STREAM_CORRUPT: { exit: 1, summary: 'The frames between ffmpeg and srvid were damaged.' },
  SRVID_FRAMES_LOST: { exit: 1, summary: 'Not every frame that was read was written.' },
  SRVID_FRAMES_DROPPED: { exit: 1, summary: 'In real time no frame was done by its deadline, so there is nothing to write.' },
  SRVID_FRAGMENT_INVALID: { exit: 1, summary: 'What the encoder wrote is not fragmented MP4 that can be cut into its fragments.' },
  SRVID_STREAM_NOT_LIVE: { exit: 1, summary: 'A stream of the relay is not live, so what was asked of it cannot be done.' },
  SRVID_INGEST_REFUSED: { exit: 1, summary: 'What was pushed to a stream of the relay was not taken.' },
  SRVID_RELAY_CONFIG: { exit: 2, summary: "A relay's configuration file cannot be used." },
  SRVID_MESSAGE_INVALID: { exit: 1, summary: "A message is not one of the relay's protocol." },
  SRVID_NOT_PERMITTED: { exit: 1, summary: 'The token that a client gave does not allow what it asked for.' },
  SRVID_TOKEN_MISSING: { exit: 1, summary: 'The relay asks for a token, and a request had none.' },
  SRVID_TOKEN_UNKNOWN: { exit: 1, summary: 'A request had a token that the relay does not know.' },
  SRVID_ORIGIN_REFUSED: { exit: 1, summary: "A request came from a page that may not speak to the relay, or for a host name that is not the relay's." },
  SRVID_STREAM_UNKNOWN: { exit: 1, summary: 'The relay has no stream of the name that was asked for.' },
  SRVID_REQUEST_INVALID: { exit: 1, summary: 'A request is not one that the relay answers.' },
  SRVID_RELAY_BUSY: { exit: 1, summary: 'The relay has no room for a request now.' },
  SRVID_TOKENS_INVALID: { exit: 2, summary: 'The file of tokens cannot be read, or a line of it is not a token.' },
  SRVID_ORIGIN_INVALID: { exit: 2, summary: 'An origin to allow is not of the form scheme://host:port.' },
  SRVID_LISTEN_REFUSED: { exit: 2, summary: 'The relay was to be reachable from other machines without tokens.' },
  SRVID_LISTEN_FAILED: { exit: 1, summary: 'The relay cannot listen at the address that it was given.' },
  SRVID_PLAYBACK_UNSUPPORTED: { exit: 1, summary: 'The browser cannot play what the relay sends.' },
  SRVID_PLAYBACK_FAILED: { exit: 1, summary: 'The browser failed again and again to play what the relay sends.' },
  SRVID_FILES_FAILED: { exit: 1, summary: 'Some files of a folder failed; the others are done.' },
  SRVID_JOB_DIFFERS: { exit: 2, summary: 'What an earlier run has begun was made of another source, or with other options.' },
  SRVID_JOB_DAMAGED: { exit: 1, summary: 'A finished piece of a long job is not what was written, or does not fit the others.' },
  SRVID_INTERNAL: { exit: 1, summary: 'Something happened that srvid did not foresee.' },
  SRVID_INTERRUPTED: { exit: 130, summary: 'The run was stopped before its end.' },
} as const;

/** The code of an error. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Data of an error beside its message: plain, cloneable values, which survive threads and JSON. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** An error as a plain record, for the way between threads, on which an `Error` would lose its code. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly cause?: string;
}

/** The only error class of srvid. Match on `code`; `message` says what was tried, what was found and what to do. */
export class SrvidError extends Error {
  override readonly name = 'SrvidError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }

  /** The command's exit code for this error. */
  get exitCode(): number {
    return ERROR_CODES[this.code].exit;
  }

  toRecord(): ErrorRecord {
    const record = { code: this.code, message: this.message, details: this.details };
    return this.cause === undefined ? record : { ...record, cause: describeCause(this.cause) };
  }

  static fromRecord(record: ErrorRecord): SrvidError {
    return new SrvidError(record.code, record.message, record.details, record.cause);
  }
}

/** Any thrown value as text: its stack where it has one, else its message. */
export function describeCause(cause: unknown): string {
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return String(cause);
}

/** Meanings of the system's errors about files, by their code. */
const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the disk can only be read',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  EIO: 'the disk failed',
};

/** The message of any thrown value, without a stack. The system's errors about files are told in words. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { code, path } = thrown as { readonly code?: string; readonly path?: string };
  const words = code !== undefined && path !== undefined && thrown.message.startsWith(`${code}: `) ? FILE_ERRORS[code] : undefined;
  return words ?? thrown.message;
}
