// The public API of srvid 0.1.0. Written by `npm run api`; a test fails where it is older than the types.

// ---- srvid ----

const ERROR_CODES: {
  readonly SRVID_OPTION_INVALID: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_PRESET_UNKNOWN: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_PRESET_INVALID: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_PLUGIN_UNKNOWN: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_PLUGIN_INVALID: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_PLUGIN_FAILED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_MODEL_UNKNOWN: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_MODEL_INVALID: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_DEVICE_UNAVAILABLE: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_ENGINE_UNAVAILABLE: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_TELEMETRY_ON: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_MODEL_UNSUPPORTED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_MODEL_DIFFERS: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_WORKER_FAILED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_INPUT_NOT_FOUND: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_INPUT_UNREADABLE: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_INPUT_NO_VIDEO: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_INPUT_UNSUPPORTED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_INPUT_REFERENCES: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_INPUT_TOO_LARGE: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_INPUT_DAMAGED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_INPUT_EMPTY: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_FRAME_INVALID: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_OUTPUT_EXISTS: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_OUTPUT_IS_INPUT: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_OUTPUT_IN_USE: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_OUTPUT_IN_INPUT: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_OUTPUT_SHARED: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_OUTPUT_UNWRITABLE: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_OUTPUT_FORMAT: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_FFMPEG_MISSING: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_FFMPEG_TOO_OLD: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_FFMPEG_UNFIT: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_ENCODER_UNAVAILABLE: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_DECODE_FAILED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_ENCODE_FAILED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_STREAM_CORRUPT: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_FRAMES_LOST: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_FRAMES_DROPPED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_FRAGMENT_INVALID: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_STREAM_NOT_LIVE: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_INGEST_REFUSED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_RELAY_CONFIG: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_MESSAGE_INVALID: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_NOT_PERMITTED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_TOKEN_MISSING: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_TOKEN_UNKNOWN: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_ORIGIN_REFUSED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_STREAM_UNKNOWN: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_REQUEST_INVALID: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_RELAY_BUSY: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_TOKENS_INVALID: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_ORIGIN_INVALID: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_LISTEN_REFUSED: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_LISTEN_FAILED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_PLAYBACK_UNSUPPORTED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_PLAYBACK_FAILED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_FILES_FAILED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_JOB_DIFFERS: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_JOB_DAMAGED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_PACKAGE_MISSING: {
    readonly exit: 2;
    readonly summary: string;
  };
  readonly SRVID_QUEUE_FAILED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_WORKER_UNFIT: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_SHARE_FAILED: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_INTERNAL: {
    readonly exit: 1;
    readonly summary: string;
  };
  readonly SRVID_INTERRUPTED: {
    readonly exit: 130;
    readonly summary: string;
  };
};

type EncoderOptions = Readonly<Record<string, string | number | boolean>> | readonly (readonly [
  name: string,
  value: string
])[];

interface EndEvent extends Summary {
  readonly v: 1;
  readonly type: 'end';
}

type ErrorCode = keyof typeof ERROR_CODES;

type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

interface ErrorEvent extends ErrorRecord {
  readonly v: 1;
  readonly type: 'error';
}

type FileOptions = OutputRequest;

type InputFormat = PixelFormat | 'rgba';

interface InputFrame {
  readonly format: InputFormat;
  readonly width: number;
  readonly height: number;
  readonly data?: Uint8Array | Uint8ClampedArray | undefined;
  readonly planes?: readonly Pick<Plane, 'data' | 'stride'>[] | undefined;
  readonly pts?: number | undefined;
  readonly timeBase?: Rational | undefined;
  readonly frameRate?: Rational | undefined;
  readonly color?: Color | undefined;
  readonly sampleAspect?: Rational | undefined;
}

interface InputRequest {
  readonly inputFormat?: string | undefined;
  readonly start?: number | undefined;
  readonly duration?: number | undefined;
  readonly deinterlace?: 'auto' | 'off' | undefined;
  readonly strict?: boolean | undefined;
  readonly salvage?: boolean | undefined;
  readonly stallTimeoutMs?: number | undefined;
  readonly allowReferences?: boolean | undefined;
  readonly maxPixels?: number | undefined;
  readonly frameRate?: number | undefined;
  readonly startNumber?: number | undefined;
}

interface MeasuringEvent {
  readonly v: 1;
  readonly type: 'measuring';
  readonly message: string;
}

type ModelEntry = { id: string; family: string; precision: "int8" | "fp32"; planes: "y" | "rgb"; file: string; sha256: string; bytes: number; halo: number; align: number; parameters: number; macsPerPixel: number; licence: string; paper: string; card: string; measured: Record<string, { psnr: number; ssim: number; gain: number; bicubicPsnr: number; lumaShift: number; }>; scale?: number | undefined; external?: { file: string; sha256: string; }[] | undefined; hints?: Record<string, string | number> | undefined; };

class ModelLibrary {
  readonly folder: URL;
  readonly models: readonly ModelEntry[];
  constructor(folder: URL, models: readonly ModelEntry[]);
  resolve(spec: ModelSpec, precision: Precision): ModelEntry;
  has(spec: ModelSpec, precision: Precision): boolean;
  load(entry: ModelEntry): Promise<VerifiedModel>;
}

const OUTPUT_FORMS: readonly [
  "native",
  "rgb24",
  "rgba"
];

type Outcome = 'sr' | 'reused' | 'bypassed' | 'dropped';

type OutputForm = (typeof OUTPUT_FORMS)[number];

interface OutputFrame {
  readonly format: InputFormat;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly planes: readonly Plane[];
  readonly pts: number;
  readonly timeBase: Rational;
  readonly seconds: number;
  readonly frameRate: Rational;
  readonly color: Color;
  readonly sampleAspect: Rational | undefined;
}

interface OutputRequest {
  readonly encoder?: string | undefined;
  readonly crf?: number | undefined;
  readonly encoderOptions?: EncoderOptions | undefined;
  readonly pixFmt?: string | undefined;
  readonly keepStart?: boolean | undefined;
  readonly format?: string | undefined;
  readonly tracks?: readonly string[] | undefined;
  readonly overwrite?: boolean | undefined;
  readonly resume?: boolean | undefined;
  readonly segment?: number | undefined;
  readonly progressIntervalMs?: number | undefined;
}

interface PluginEvent extends PluginEmission {
  readonly v: 1;
  readonly type: 'plugin';
}

interface PluginLogEntry {
  readonly plugin: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly frame?: number | undefined;
}

interface PluginMetric {
  readonly plugin: string;
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly value: number;
}

type PluginStep = string | URL | {
  readonly use: string | URL;
  readonly options?: Readonly<Record<string, unknown>>;
};

type Preset = { version: 1; description: string; plugins: { options: Record<string, unknown>; use: string | string[]; }[]; height?: number | undefined; realtime?: { budgetMs?: number | undefined; policy?: "bypass" | "drop-oldest" | "drop-newest" | "block" | undefined; levels?: string[] | undefined; } | undefined; encoder?: { name: string; options: Record<string, string>; crf?: number | undefined; } | undefined; };

interface ProcessingRequest {
  readonly preset?: string | undefined;
  readonly model?: string | undefined;
  readonly plugins?: readonly PluginStep[] | undefined;
  readonly pluginsBefore?: readonly PluginStep[] | undefined;
  readonly onPluginError?: 'fail' | 'bypass' | undefined;
  readonly scale?: number | undefined;
  readonly size?: {
    readonly width: number;
    readonly height: number;
  } | undefined;
  readonly height?: number | undefined;
  readonly realtime?: boolean | undefined;
  readonly budgetMs?: number | undefined;
  readonly policy?: 'bypass' | 'drop-oldest' | 'drop-newest' | 'block' | undefined;
  readonly levels?: readonly string[] | undefined;
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
  readonly precision?: 'auto' | 'int8' | 'fp32' | undefined;
  readonly engine?: 'auto' | 'ort' | 'native' | string | undefined;
  readonly device?: 'cpu' | 'cuda' | 'webgpu' | 'coreml' | 'dml' | undefined;
  readonly retune?: boolean | undefined;
  readonly models?: string | undefined;
  readonly taskTimeoutMs?: number | undefined;
}

interface ProgressEvent {
  readonly v: 1;
  readonly type: 'progress';
  readonly frames: number;
  readonly total: number | undefined;
  readonly fps: number;
  readonly speed: number;
  readonly etaSeconds: number | undefined;
  readonly bottleneck: string;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly realtime?: RealtimeReport | undefined;
}

interface RealtimeReport {
  readonly policy: string;
  readonly budgetMs: number;
  readonly delivered: number;
  readonly late: number;
  readonly levels: readonly {
    readonly name: string;
    readonly frames: number;
    readonly serviceMs: Percentiles;
  }[];
  readonly level: string;
  readonly steps: {
    readonly up: number;
    readonly down: number;
  };
  readonly reasons: Readonly<Partial<Record<'bypassed' | 'dropped', Readonly<Partial<Record<Reason, number>>>>>>;
  readonly latencyMs: Percentiles;
  readonly lastLatencyMs: number;
  readonly waitMs: Percentiles;
  readonly orderMs: Percentiles;
  readonly handoverMs: Percentiles;
  readonly queue: {
    readonly now: number;
    readonly mean: number;
    readonly most: number;
  };
  readonly longestGapMs: number;
  readonly driftMs: number;
}

interface RunMetrics {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly stages: readonly StageReport[];
  readonly realtime?: RealtimeReport | undefined;
  readonly plugins?: readonly PluginMetric[] | undefined;
}

interface SegmentsEvent {
  readonly v: 1;
  readonly type: 'segments';
  readonly count: number;
  readonly done: number;
  readonly folder: string;
}

type SessionEvent = MeasuringEvent | StartEvent | SegmentsEvent | ProgressEvent | WarningEvent | PluginEvent | EndEvent | ErrorEvent;

interface SessionHooks {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: SessionEvent) => void) | undefined;
  readonly onLog?: ((entry: PluginLogEntry) => void) | undefined;
}

type SessionOptions = { output: string; input: string; plugins: { use: string; options: Record<string, unknown>; }[]; preset: string; pluginsBefore: { use: string; options: Record<string, unknown>; }[]; onPluginError: "bypass" | "fail"; encoderOptions: [string, string][]; deinterlace: "auto" | "off"; allowReferences: boolean; maxPixels: number; strict: boolean; salvage: boolean; keepStart: boolean; realtime: boolean; precision: "auto" | "int8" | "fp32"; engine: "auto" | `native:${string}` | "native" | "ort"; device: "cpu" | "cuda" | "webgpu" | "coreml" | "dml"; retune: boolean; overwrite: boolean; stallTimeoutMs: number; progressIntervalMs: number; height?: number | undefined; tracks?: string[] | undefined; size?: { width: number; height: number; } | undefined; format?: string | undefined; model?: string | undefined; scale?: number | undefined; encoder?: string | undefined; crf?: number | undefined; pixFmt?: string | undefined; frameRate?: number | undefined; startNumber?: number | undefined; models?: string | undefined; start?: number | undefined; duration?: number | undefined; budgetMs?: number | undefined; policy?: "bypass" | "drop-oldest" | "drop-newest" | "block" | undefined; levels?: string[] | undefined; workers?: number | undefined; threads?: number | undefined; inputFormat?: string | undefined; resume?: boolean | undefined; segment?: number | undefined; taskTimeoutMs?: number | undefined; };

interface SessionRequest extends InputRequest, ProcessingRequest, OutputRequest {
  readonly input: string;
  readonly output: string;
}

class SrvidError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly name = "SrvidError";
  constructor(code: ErrorCode, message: string, details?: ErrorDetails, cause?: unknown);
  get exitCode(): number;
  toRecord(): ErrorRecord;
  static fromRecord(record: ErrorRecord): SrvidError;
}

interface StageReport {
  readonly name: string;
  readonly busyMs: number;
  readonly utilisation: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

interface StartEvent {
  readonly v: 1;
  readonly type: 'start';
  readonly input: string;
  readonly output: string;
  readonly source: {
    readonly width: number;
    readonly height: number;
    readonly pixelFormat: string;
    readonly fps: number;
    readonly frames: number | undefined;
  };
  readonly target: {
    readonly width: number;
    readonly height: number;
    readonly encoder: string;
    readonly container: string;
  };
  readonly preset: string;
  readonly plan: readonly string[];
  readonly models: readonly string[];
  readonly precision: string;
  readonly engine: string;
  readonly engineReason: string;
  readonly workers: number;
  readonly threads: number;
  readonly device: string;
  readonly chosen: readonly string[];
  readonly realtime?: {
    readonly budgetMs: number;
    readonly policy: string;
    readonly levels: readonly string[];
  } | undefined;
  readonly ffmpeg: string;
}

interface StreamOptions extends OutputRequest {
  readonly format: string;
}

interface Summary extends RunMetrics {
  readonly input: string;
  readonly output: string;
  readonly wallSeconds: number;
  readonly startupSeconds: number;
  readonly fps: number;
  readonly bottleneck: string;
  readonly models: readonly string[];
  readonly precision: string;
  readonly engine: string;
  readonly engineReason: string;
  readonly workers: number;
  readonly threads: number;
  readonly peakRssMB: number;
  readonly cpuSeconds: number;
  readonly eventLoopP99Ms: number;
}

interface UpscaleOptions extends InputRequest, ProcessingRequest {
  readonly format?: OutputForm | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: SessionEvent) => void) | undefined;
}

type UpscaleSource = string | URL | Uint8Array | ArrayBuffer | NodeJS.ReadableStream | AsyncIterable<Uint8Array> | AsyncIterable<InputFrame> | Iterable<InputFrame>;

class Upscaling implements AsyncIterable<OutputFrame> {
  constructor(source: UpscaleSource, options: UpscaleOptions);
  [Symbol.asyncIterator](): AsyncGenerator<OutputFrame, void>;
  toFile(path: string | URL, options?: FileOptions): Promise<Summary>;
  toStream(stream: Writable, options: StreamOptions): Promise<Summary>;
}

interface WarningEvent {
  readonly v: 1;
  readonly type: 'warning';
  readonly message: string;
}

function loadModelLibrary(folder?: import("url").URL): Promise<ModelLibrary>;

function loadPreset(nameOrPath: string): Promise<LoadedPreset>;

function packageVersion(): string;

const parseSessionOptions: (request: SessionRequest) => SessionOptions;

function presetNames(): Promise<string[]>;

function prometheusText(metrics: RunMetrics, labels?: Labels): string;

function runSession(request: SessionRequest, hooks?: SessionHooks): Promise<Summary>;

function upscale(source: UpscaleSource, options?: UpscaleOptions): Upscaling;

// ---- srvid: reached, and not exported ----

interface Color {
  readonly matrix?: string | undefined;
  readonly primaries?: string | undefined;
  readonly transfer?: string | undefined;
  readonly range?: 'tv' | 'pc' | undefined;
  readonly chromaLocation?: string | undefined;
}

interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly cause?: string;
}

type Labels = Readonly<Record<string, string>>;

interface LoadedPreset {
  readonly name: string;
  readonly preset: Preset;
  readonly folder: string;
}

type LogLevel = 'debug' | 'print' | 'info' | 'warn' | 'error';

interface ModelSpec {
  readonly family: string;
  readonly scale?: number;
  readonly planes?: 'y' | 'rgb';
  readonly precision?: 'int8' | 'fp32';
}

interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

type PixelFormat = 'yuv420p' | 'yuv422p' | 'yuv444p' | 'gray' | 'rgb24';

interface Plane {
  readonly data: Uint8Array;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

interface PluginEmission {
  readonly plugin: string;
  readonly frame?: number | undefined;
  readonly pts?: number | undefined;
  readonly event: unknown;
}

type Precision = 'auto' | 'int8' | 'fp32';

interface Rational {
  readonly num: number;
  readonly den: number;
}

type Reason = (typeof REASONS)[number];

interface VerifiedModel {
  readonly entry: ModelEntry;
  readonly path: string;
  readonly bytes: SharedArrayBuffer;
}

// ---- srvid/plugin ----

interface Color {
  readonly matrix?: string | undefined;
  readonly primaries?: string | undefined;
  readonly transfer?: string | undefined;
  readonly range?: 'tv' | 'pc' | undefined;
  readonly chromaLocation?: string | undefined;
}

interface Frame {
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly planes: readonly Plane[];
  readonly pts: number;
  readonly timeBase: Rational;
  readonly color: Color;
}

interface Model {
  readonly id: string;
  readonly scale: number | undefined;
  run(input: Tensor | readonly Tensor[], output: Tensor | readonly Tensor[]): Promise<void>;
}

interface ModelSpec {
  readonly family: string;
  readonly scale?: number;
  readonly planes?: 'y' | 'rgb';
  readonly precision?: 'int8' | 'fp32';
}

interface OptionsSchema<Options> {
  parse(value: unknown): Options;
}

const PLUGIN_API_VERSION = 1;

type PixelFormat = 'yuv420p' | 'yuv422p' | 'yuv444p' | 'gray' | 'rgb24';

interface Plane {
  readonly data: Uint8Array;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

interface Plugin<Options = unknown, State = unknown> {
  readonly name: string;
  readonly apiVersion: number;
  readonly description?: string;
  readonly options?: OptionsSchema<Options>;
  readonly planes: 'y' | 'yuv' | 'rgb';
  readonly scale?: number | ((options: Options, input: Size) => number | Size);
  readonly scales?: readonly number[];
  readonly halo: number | 'global';
  readonly window?: {
    readonly past: number;
    readonly future: number;
  };
  readonly state?: 'none' | 'ordered';
  models?(options: Options): readonly ModelSpec[];
  init?(context: PluginContext<Options>): State | Promise<State>;
  process(frame: Frame, context: PluginContext<Options, State>): Frame | Promise<Frame>;
  flush?(context: PluginContext<Options, State>): void | Promise<void>;
  close?(context: PluginContext<Options, State>): void | Promise<void>;
}

interface PluginContext<Options, State = undefined> {
  readonly options: Options;
  readonly state: State;
  readonly input: Size;
  readonly output: Size;
  allocate(): WritableFrame;
  neighbour(offset: number): Frame;
  model(spec: ModelSpec): Model;
  readonly log: PluginLog;
  emit(event: unknown): void;
  readonly signal: AbortSignal;
  readonly metrics: PluginMeter;
}

interface PluginLog {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

interface PluginMeter {
  count(name: string, by?: number): void;
  gauge(name: string, value: number): void;
}

interface Rational {
  readonly num: number;
  readonly den: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Tensor {
  readonly data: Uint8Array | Float32Array;
  readonly dims: readonly number[];
}

type WritableFrame = Frame;

function definePlugin<Options = Record<string, never>, State = undefined>(plugin: Plugin<Options, State>): Plugin<Options, State>;

export * as z from 'zod';

// ---- srvid/plugin/testing ----

interface CheckOptions extends PluginPlace {
  readonly frameTimeoutMs?: number;
}

interface PluginCheck {
  readonly name: string;
  readonly promise: string;
  readonly outcome: 'passed' | 'failed' | 'none' | 'not reached';
  readonly cause?: string;
  readonly frame?: number;
  readonly remedy?: string;
}

interface PluginPlace {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly folder?: string;
  readonly models?: string;
  readonly signal?: AbortSignal;
}

interface PluginReport {
  readonly plugin: string;
  readonly module: string;
  readonly ok: boolean;
  readonly checks: readonly PluginCheck[];
  readonly text: string;
}

interface TestFrame {
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly pts: number;
}

function checkPlugin(plugin: string | URL, options?: CheckOptions): Promise<PluginReport>;

function planesOfFrame(frame: TestFrame): Frame['planes'];

function runPlugin(plugin: string | URL, frames: readonly TestFrame[], place?: PluginPlace): Promise<TestFrame[]>;

function testFrame({ format, width, height, pts }: Pick<TestFrame, 'format' | 'width' | 'height'> & {
  readonly pts?: number;
}, sample: (x: number, y: number, plane: number) => number): TestFrame;

// ---- srvid/plugin/testing: reached, and not exported ----

interface Color {
  readonly matrix?: string | undefined;
  readonly primaries?: string | undefined;
  readonly transfer?: string | undefined;
  readonly range?: 'tv' | 'pc' | undefined;
  readonly chromaLocation?: string | undefined;
}

interface Frame {
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly planes: readonly Plane[];
  readonly pts: number;
  readonly timeBase: Rational;
  readonly color: Color;
}

type PixelFormat = 'yuv420p' | 'yuv422p' | 'yuv444p' | 'gray' | 'rgb24';

interface Plane {
  readonly data: Uint8Array;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

interface Rational {
  readonly num: number;
  readonly den: number;
}

// ---- srvid/client ----

type ClientMessage = ({
  readonly type: 'set';
} & SetRequest) | {
  readonly type: 'ping';
  readonly t: number;
};

interface CloseEvent {
  readonly code: number;
  readonly reason: string;
  readonly retryInMs: number | undefined;
  readonly refusal?: Refused | undefined;
}

interface ConnectOptions {
  readonly rendition?: Rendition;
  readonly token?: string | undefined;
  readonly WebSocket?: WebSocketConstructor;
  readonly reconnect?: boolean;
  readonly pauseWhileHidden?: boolean;
  readonly maxQueuedBytes?: number;
}

interface ErrorMessage {
  readonly type: 'error';
  readonly code: string;
  readonly message: string;
}

interface Fragment extends FragmentTimes {
  readonly data: Uint8Array;
  readonly init: InitSegment;
  readonly gap?: GapMessage;
}

interface GapMessage {
  readonly type: 'gap';
  readonly from: number;
  readonly to: number;
  readonly fragments: number;
  readonly reason: string;
}

interface HelloMessage {
  readonly type: 'hello';
  readonly v: number;
  readonly stream: string;
  readonly rendition: Rendition;
  readonly epoch: number;
  readonly mime: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly renditions: readonly Rendition[];
  readonly source: {
    readonly width: number;
    readonly height: number;
  };
  readonly preset: string;
  readonly presets: readonly string[];
  readonly levels: readonly string[];
  readonly networks?: readonly string[] | undefined;
  readonly maySet: boolean;
  readonly budgetMs: number;
  readonly raw?: {
    readonly planes: readonly RawPlane[];
    readonly matrix: string | null;
    readonly range: 'tv' | 'pc' | null;
  } | undefined;
}

interface InitSegment {
  readonly data: Uint8Array;
  readonly hello: HelloMessage;
  readonly tracks: readonly Track[];
  readonly timeline: number;
}

interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

interface PongMessage {
  readonly type: 'pong';
  readonly t: number;
  readonly at: number;
}

interface RawPlane {
  readonly name: 'y' | 'u' | 'v' | 'rgb';
  readonly width: number;
  readonly height: number;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly streams?: readonly string[] | undefined;
}

interface Refused extends Refusal {
  readonly status: number;
  readonly final: boolean;
}

class RelayClient extends Emitter<RelayClientEvents> implements AsyncIterable<Fragment> {
  constructor(address: URL, WebSocket: WebSocketConstructor, options: ConnectOptions);
  get hello(): HelloMessage | undefined;
  get stats(): StatsMessage | undefined;
  get closed(): boolean;
  relayNow(): number | undefined;
  set(change: SetRequest): boolean;
  reconnect(reason: string): void;
  close(): void;
  [Symbol.asyncIterator](): AsyncIterableIterator<Fragment>;
}

interface RelayClientEvents {
  readonly hello: HelloMessage;
  readonly init: InitSegment;
  readonly fragment: Fragment;
  readonly stats: StatsMessage;
  readonly gap: GapMessage;
  readonly state: StateMessage;
  readonly error: ErrorMessage;
  readonly close: CloseEvent;
}

type Rendition = 'sr' | 'source' | 'raw';

const SUBPROTOCOL = "srvid.v1";

type ServerMessage = HelloMessage | StatsMessage | GapMessage | StateMessage | ErrorMessage | PongMessage;

type SetRequest = {
  readonly preset: string;
} | {
  readonly level: string;
};

interface StateMessage {
  readonly type: 'state';
  readonly state: 'live' | 'waiting' | 'ended';
  readonly message?: string | undefined;
  readonly code?: string | undefined;
  readonly retryInMs?: number | undefined;
}

interface StatsMessage {
  readonly type: 'stats';
  readonly at: number;
  readonly fps: number;
  readonly sourceFps: number;
  readonly level: string;
  readonly pinned: string | null;
  readonly levels: Readonly<Record<string, number>>;
  readonly perSecond?: {
    readonly levels: Readonly<Record<string, number>>;
    readonly dropped: number;
  } | undefined;
  readonly superResolved?: number | null | undefined;
  readonly outcomes: {
    readonly sr: number;
    readonly reused: number;
    readonly bypassed: number;
    readonly dropped: number;
  };
  readonly latencyMs: Percentiles;
  readonly relayMs: Percentiles;
  readonly viewers: number;
  readonly clock?: {
    readonly pts: number;
    readonly at: number;
  } | undefined;
}

interface Track {
  readonly id: number;
  readonly kind: 'video' | 'audio' | 'other';
  readonly timescale: number;
  readonly defaultDuration: number;
  readonly defaultFlags: number;
}

type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike;

interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: {
    readonly data: unknown;
  }) => void): void;
  addEventListener(type: 'close', listener: (event: {
    readonly code: number;
    readonly reason: string;
  }) => void): void;
  addEventListener(type: 'error', listener: () => void): void;
  send(data: string): void;
  close(code?: number): void;
}

function connect(url: string | URL, options?: ConnectOptions): RelayClient;

function parseServerMessage(text: string): ServerMessage | undefined;

// ---- srvid/client: reached, and not exported ----

class Emitter<Events> {
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
  next<Name extends keyof Events>(name: Name): Promise<Events[Name]>;
  protected emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
}

interface FragmentTimes {
  readonly time: number;
  readonly duration: number;
  readonly keyframe: boolean;
}

// ---- srvid/client/player ----

const GOING_LIVE = "Going live.";

class MediaSourcePlayer extends Emitter<PlayerEvents> {
  readonly video: HTMLVideoElement;
  readonly client: RelayClient;
  constructor(video: HTMLVideoElement, client: RelayClient, options?: PlayerOptions);
  get position(): MediaTime | undefined;
  get paused(): boolean;
  get moving(): boolean;
  play(): void;
  pause(): void;
  goLive(): void;
  report(): PlayerReport;
  close(): void;
}

interface PlayerEvents {
  readonly playing: undefined;
  readonly stalled: undefined;
  readonly blocked: undefined;
  readonly failed: ErrorMessage;
}

interface PlayerOptions {
  readonly follow?: MediaSourcePlayer;
  readonly marginSeconds?: number;
}

interface PlayerReport {
  readonly latencyMs: number | undefined;
  readonly bufferedSeconds: number;
  readonly playbackRate: number;
  readonly stalls: number;
  readonly stalledMs: number;
  readonly decodedFrames: number;
  readonly droppedFrames: number;
  readonly skippedFragments: number;
}

// ---- srvid/client/player: reached, and not exported ----

interface CloseEvent {
  readonly code: number;
  readonly reason: string;
  readonly retryInMs: number | undefined;
  readonly refusal?: Refused | undefined;
}

interface ConnectOptions {
  readonly rendition?: Rendition;
  readonly token?: string | undefined;
  readonly WebSocket?: WebSocketConstructor;
  readonly reconnect?: boolean;
  readonly pauseWhileHidden?: boolean;
  readonly maxQueuedBytes?: number;
}

class Emitter<Events> {
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void;
  next<Name extends keyof Events>(name: Name): Promise<Events[Name]>;
  protected emit<Name extends keyof Events>(name: Name, event: Events[Name]): void;
}

interface ErrorMessage {
  readonly type: 'error';
  readonly code: string;
  readonly message: string;
}

interface Fragment extends FragmentTimes {
  readonly data: Uint8Array;
  readonly init: InitSegment;
  readonly gap?: GapMessage;
}

interface FragmentTimes {
  readonly time: number;
  readonly duration: number;
  readonly keyframe: boolean;
}

interface GapMessage {
  readonly type: 'gap';
  readonly from: number;
  readonly to: number;
  readonly fragments: number;
  readonly reason: string;
}

interface HelloMessage {
  readonly type: 'hello';
  readonly v: number;
  readonly stream: string;
  readonly rendition: Rendition;
  readonly epoch: number;
  readonly mime: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly renditions: readonly Rendition[];
  readonly source: {
    readonly width: number;
    readonly height: number;
  };
  readonly preset: string;
  readonly presets: readonly string[];
  readonly levels: readonly string[];
  readonly networks?: readonly string[] | undefined;
  readonly maySet: boolean;
  readonly budgetMs: number;
  readonly raw?: {
    readonly planes: readonly RawPlane[];
    readonly matrix: string | null;
    readonly range: 'tv' | 'pc' | null;
  } | undefined;
}

interface InitSegment {
  readonly data: Uint8Array;
  readonly hello: HelloMessage;
  readonly tracks: readonly Track[];
  readonly timeline: number;
}

interface MediaTime {
  readonly epoch: number;
  readonly time: number;
}

interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

interface RawPlane {
  readonly name: 'y' | 'u' | 'v' | 'rgb';
  readonly width: number;
  readonly height: number;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly streams?: readonly string[] | undefined;
}

interface Refused extends Refusal {
  readonly status: number;
  readonly final: boolean;
}

class RelayClient extends Emitter<RelayClientEvents> implements AsyncIterable<Fragment> {
  constructor(address: URL, WebSocket: WebSocketConstructor, options: ConnectOptions);
  get hello(): HelloMessage | undefined;
  get stats(): StatsMessage | undefined;
  get closed(): boolean;
  relayNow(): number | undefined;
  set(change: SetRequest): boolean;
  reconnect(reason: string): void;
  close(): void;
  [Symbol.asyncIterator](): AsyncIterableIterator<Fragment>;
}

interface RelayClientEvents {
  readonly hello: HelloMessage;
  readonly init: InitSegment;
  readonly fragment: Fragment;
  readonly stats: StatsMessage;
  readonly gap: GapMessage;
  readonly state: StateMessage;
  readonly error: ErrorMessage;
  readonly close: CloseEvent;
}

type Rendition = 'sr' | 'source' | 'raw';

type SetRequest = {
  readonly preset: string;
} | {
  readonly level: string;
};

interface StateMessage {
  readonly type: 'state';
  readonly state: 'live' | 'waiting' | 'ended';
  readonly message?: string | undefined;
  readonly code?: string | undefined;
  readonly retryInMs?: number | undefined;
}

interface StatsMessage {
  readonly type: 'stats';
  readonly at: number;
  readonly fps: number;
  readonly sourceFps: number;
  readonly level: string;
  readonly pinned: string | null;
  readonly levels: Readonly<Record<string, number>>;
  readonly perSecond?: {
    readonly levels: Readonly<Record<string, number>>;
    readonly dropped: number;
  } | undefined;
  readonly superResolved?: number | null | undefined;
  readonly outcomes: {
    readonly sr: number;
    readonly reused: number;
    readonly bypassed: number;
    readonly dropped: number;
  };
  readonly latencyMs: Percentiles;
  readonly relayMs: Percentiles;
  readonly viewers: number;
  readonly clock?: {
    readonly pts: number;
    readonly at: number;
  } | undefined;
}

interface Track {
  readonly id: number;
  readonly kind: 'video' | 'audio' | 'other';
  readonly timescale: number;
  readonly defaultDuration: number;
  readonly defaultFlags: number;
}

type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike;

interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: {
    readonly data: unknown;
  }) => void): void;
  addEventListener(type: 'close', listener: (event: {
    readonly code: number;
    readonly reason: string;
  }) => void): void;
  addEventListener(type: 'error', listener: () => void): void;
  send(data: string): void;
  close(code?: number): void;
}

// ---- srvid/relay ----

interface MountOptions extends RelayRequest {
  readonly path: string;
  readonly trustServer?: boolean | undefined;
}

interface MountedRelay extends RunningRelay {
  readonly handle: (request: IncomingMessage, response: ServerResponse, next?: () => void) => boolean;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
}

interface RelayRequest {
  readonly streams: Readonly<Record<string, RelayStreamOptions>>;
  readonly tokens?: readonly RelayToken[] | undefined;
  readonly allowOrigins?: readonly string[] | undefined;
  readonly maxViewers?: number | undefined;
  readonly maxViewersPerAddress?: number | undefined;
  readonly onMessage?: ((message: string) => void) | undefined;
  readonly onRequest?: ((entry: Readonly<Record<string, unknown>>) => void) | undefined;
}

interface RelayStreamOptions extends Pick<InputRequest, 'inputFormat' | 'deinterlace' | 'allowReferences' | 'maxPixels' | 'stallTimeoutMs'>, Omit<ProcessingRequest, 'realtime' | 'retune' | 'taskTimeoutMs'> {
  readonly input: string;
  readonly loop?: boolean | undefined;
  readonly onDemand?: boolean | undefined;
  readonly bitrate?: number | string | undefined;
  readonly record?: string | undefined;
  readonly silenceMs?: number | undefined;
}

interface RelayToken {
  readonly token: string;
  readonly scope: 'view' | 'write';
  readonly streams?: readonly string[] | undefined;
}

interface RunningRelay {
  readonly ended: Promise<void>;
  stats(): Readonly<Record<string, unknown>>;
  health(): {
    readonly ok: boolean;
    readonly streams: Readonly<Record<string, string>>;
  };
  useTokens(tokens: readonly RelayToken[]): void;
  close(): Promise<void>;
}

interface ServeOptions extends RelayRequest {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

interface ServedRelay extends RunningRelay {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

function mountRelay({ path, trustServer, ...request }: MountOptions): Promise<MountedRelay>;

function serveRelay({ host, port, ...request }: ServeOptions): Promise<ServedRelay>;

// ---- srvid/relay: reached, and not exported ----

interface InputRequest {
  readonly inputFormat?: string | undefined;
  readonly start?: number | undefined;
  readonly duration?: number | undefined;
  readonly deinterlace?: 'auto' | 'off' | undefined;
  readonly strict?: boolean | undefined;
  readonly salvage?: boolean | undefined;
  readonly stallTimeoutMs?: number | undefined;
  readonly allowReferences?: boolean | undefined;
  readonly maxPixels?: number | undefined;
  readonly frameRate?: number | undefined;
  readonly startNumber?: number | undefined;
}

type PluginStep = string | URL | {
  readonly use: string | URL;
  readonly options?: Readonly<Record<string, unknown>>;
};

interface ProcessingRequest {
  readonly preset?: string | undefined;
  readonly model?: string | undefined;
  readonly plugins?: readonly PluginStep[] | undefined;
  readonly pluginsBefore?: readonly PluginStep[] | undefined;
  readonly onPluginError?: 'fail' | 'bypass' | undefined;
  readonly scale?: number | undefined;
  readonly size?: {
    readonly width: number;
    readonly height: number;
  } | undefined;
  readonly height?: number | undefined;
  readonly realtime?: boolean | undefined;
  readonly budgetMs?: number | undefined;
  readonly policy?: 'bypass' | 'drop-oldest' | 'drop-newest' | 'block' | undefined;
  readonly levels?: readonly string[] | undefined;
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
  readonly precision?: 'auto' | 'int8' | 'fp32' | undefined;
  readonly engine?: 'auto' | 'ort' | 'native' | string | undefined;
  readonly device?: 'cpu' | 'cuda' | 'webgpu' | 'coreml' | 'dml' | undefined;
  readonly retune?: boolean | undefined;
  readonly models?: string | undefined;
  readonly taskTimeoutMs?: number | undefined;
}

