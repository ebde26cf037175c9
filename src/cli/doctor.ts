import { availableParallelism, cpus, totalmem } from 'node:os';
import { messageOf, SrvidError } from '../errors.js';
import { type FfmpegBinary, ffprobeVersion, findFfmpeg, videoEncoders } from '../pipeline/ffmpeg/binary.js';
import { isTested, TESTED_VERSIONS } from '../pipeline/ffmpeg/version.js';
import { leftoversIn } from '../pipeline/output/output-claim.js';
import { deadFolders } from '../pipeline/output/temporary-folder.js';
import { tryFfmpeg } from '../pipeline/output/trial-run.js';
import { cpuFlags } from '../plugins/inference/cpu-flags.js';
import { loadModelLibrary } from '../plugins/inference/library.js';
import { isSlowKernel, nativeEngineHere } from '../plugins/inference/native-engine.js';
import { loadOnnxRuntime, runtimeVersion } from '../plugins/inference/onnx-library.js';
import { packageVersion } from '../version.js';
import { plain, plainJson } from './terminal.js';

/** Encoders that users ask for, and the way to get each. */
const ENCODERS: Readonly<Record<string, string>> = {
  libx264: 'H.264; an ffmpeg built with --enable-libx264 (Debian, Ubuntu: apt install ffmpeg)',
  libx265: 'H.265; an ffmpeg built with --enable-libx265',
  'libvpx-vp9': 'VP9; an ffmpeg built with --enable-libvpx',
  libsvtav1: 'AV1; an ffmpeg built with --enable-libsvtav1',
  ffv1: 'lossless; in every ffmpeg',
  prores_ks: 'ProRes; in every ffmpeg',
};

/** The CPU features that make int8 networks fast on x86, by their names in /proc/cpuinfo. */
const CPU_FEATURES = ['avx2', 'avx_vnni', 'avx512f', 'avx512_vnni', 'amx_int8'];

interface Check {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  /** Advice for a check that failed, or could be better. */
  readonly remedy?: string;
}

/**
 * Runs `srvid doctor` without a network. It checks the installation, and lists the leftovers of killed runs in a folder.
 * Sets exit code 1 if something needed is missing.
 */
export async function printDoctor({ json, folder }: { json?: boolean; folder: string }): Promise<void> {
  const checks = [
    ...versions(),
    await cpu(),
    ...(await ffmpegChecks()),
    await runtimeCheck(),
    nativeCheck(),
    await modelCheck(),
    ...(await leftoverChecks(folder)),
  ];
  if (json) process.stdout.write(`${plainJson({ v: 1, checks }, 2)}\n`);
  else process.stdout.write(`${plain(checks.map(line).join('\n'))}\n`);
  if (checks.some((check) => !check.ok)) process.exitCode = 1;
}

function line({ what, ok, found, remedy }: Check): string {
  return `${ok ? 'ok  ' : 'MISSING'} ${what}: ${found}${remedy ? `\n     ${remedy}` : ''}`;
}

function versions(): Check[] {
  const major = Number(process.versions.node.split('.')[0]);
  return [
    { what: 'srvid', ok: true, found: packageVersion() },
    { what: 'Node', ok: major >= 20, found: process.version, ...(major >= 20 ? {} : { remedy: 'Install Node 20 or newer.' }) },
  ];
}

async function cpu(): Promise<Check> {
  const flags = await cpuFlags();
  const features = flags
    ? CPU_FEATURES.filter((feature) => flags.has(feature)).join(', ') || 'none of the int8 extensions'
    : 'extensions unknown on this system';
  const found = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ${features}`;
  const slow = flags && !flags.has('avx512_vnni') && !flags.has('avx_vnni');
  return { what: 'CPU', ok: true, found, ...(slow ? { remedy: 'Without VNNI int8 networks gain little here; compare --precision fp32.' } : {}) };
}

async function ffmpegChecks(): Promise<Check[]> {
  try {
    const binary = await findFfmpeg();
    const [available, commands, ffprobe] = await Promise.all([videoEncoders(binary), commandCheck(binary), ffprobeVersion(binary)]);
    const encoders = Object.entries(ENCODERS).map(([name, remedy]) => {
      const ok = available.has(name);
      return {
        what: `encoder ${name}`,
        ok: ok || name !== 'libx264',
        found: ok ? 'available' : 'not in this ffmpeg',
        ...(ok ? {} : { remedy: `Optional: ${remedy}.` }),
      };
    });
    const hardware = [...available].filter((name) => /_(nvenc|qsv|vaapi|amf|videotoolbox|v4l2m2m|mf)$/.test(name));
    return [
      {
        what: 'ffmpeg',
        ok: true,
        found: binary.banner,
        ...(ffprobe === binary.version
          ? {}
          : { remedy: `Its ffprobe is ${ffprobe}. Two versions may tell other times of one file; set FFPROBE_PATH to the one that came with this ffmpeg.` }),
      },
      commands,
      ...encoders,
      {
        what: 'hardware encoders',
        ok: true,
        found: hardware.join(', ') || 'none in this ffmpeg',
        ...(hardware.length > 0 ? { remedy: 'Listed as built in; whether the machine has the device shows when one is used.' } : {}),
      },
    ];
  } catch (error) {
    if (!(error instanceof SrvidError)) throw error;
    return [{ what: 'ffmpeg', ok: false, found: `${error.message} [${error.code}]` }];
  }
}

/** Tests whether the commands of a run work with this ffmpeg, whatever its version. */
async function commandCheck(binary: FfmpegBinary): Promise<Check> {
  const what = "srvid's ffmpeg commands";
  const tested = `srvid is tested with ffmpeg ${TESTED_VERSIONS.join(', ')}`;
  try {
    await tryFfmpeg(binary);
    const found = `run as they should with ${binary.version}; ${tested}`;
    return { what, ok: true, found, ...(isTested(binary.version) ? {} : { remedy: 'This version is none of those. Should a run fail, try one of them.' }) };
  } catch (error) {
    const code = error instanceof SrvidError ? ` [${error.code}]` : '';
    return { what, ok: false, found: `${messageOf(error)}${code}`, remedy: `${tested}; set FFMPEG_PATH to one of those.` };
  }
}

async function runtimeCheck(): Promise<Check> {
  try {
    await loadOnnxRuntime();
    return { what: 'ONNX Runtime', ok: true, found: await runtimeVersion() };
  } catch (error) {
    return { what: 'ONNX Runtime', ok: false, found: messageOf(error), remedy: 'Reinstall: npm ci.' };
  }
}

/** The native engine is never needed, so that its absence is no fault. */
function nativeCheck(): Check {
  const what = 'native engine';
  const here = nativeEngineHere();
  if ('missing' in here) {
    const remedy =
      'Optional: networks run on ONNX Runtime, with the same results. A clone with a C++ compiler (Debian: apt-get install g++) builds it by npm run build; on a processor with AVX2 it took two fifths of the time (docs/native.md).';
    return { what, ok: true, found: `not there: ${here.missing}`, remedy };
  }
  const [kernel = 'portable'] = here.kernels;
  const found = isSlowKernel(kernel)
    ? 'there, but without a kernel for this processor; networks run on ONNX Runtime'
    : `kernel ${kernel}; used where it is the faster one (--engine)`;
  return { what, ok: true, found };
}

async function modelCheck(): Promise<Check> {
  try {
    const library = await loadModelLibrary();
    await Promise.all(library.models.map((entry) => library.load(entry)));
    return { what: 'models', ok: true, found: `${library.models.length}, all as released` };
  } catch (error) {
    return { what: 'models', ok: false, found: messageOf(error) };
  }
}

async function leftoverChecks(folder: string): Promise<Check[]> {
  const left = await leftoversIn(folder).catch(() => []);
  const dead = (await deadFolders()).map(({ path, bytes }) => ({
    what: 'leftover',
    ok: true,
    found: `${path}, ${bytes} bytes`,
    remedy: 'A temporary folder of a run that was killed. The next run removes it.',
  }));
  const files = left.map(({ path, bytes }) => ({
    what: 'leftover',
    ok: true,
    found: `${path}, ${bytes} bytes`,
    remedy:
      'Left by a run that was killed, or that could not rename its finished file. The next run to the same output removes the files of a killed run. Remove this one if you do not need it.',
  }));
  return [...files, ...dead];
}
