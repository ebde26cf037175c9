import type { Preset } from '../../options/preset.js';
import type { FrameFormat } from '../../pipeline/frames/frame.js';
import type { Source } from '../../pipeline/input/source.js';
import type { NutStream } from '../../pipeline/nut/syntax.js';
import type { CarriedStream } from '../../pipeline/output/carried-stream.js';
import { type Container, NOTHING_CARRIED } from '../../pipeline/output/container.js';
import { scaledAspect } from '../../pipeline/output/encode-graph.js';
import type { EncodePlan, EncoderSettings } from '../../pipeline/output/encode-plan.js';

/** Longest time between two keyframes. A viewer that cannot get the fragments since the last keyframe waits at most this long. */
export const GOP_SECONDS = 2;

/** Microseconds that the muxer waits for late sound before it writes video alone. */
const INTERLEAVE_US = '500000';

/**
 * Fragmented MP4 with one fragment for each frame. `delay_moov` and `frag_discont` preserve timestamps. Without them
 * ffmpeg starts each track at 0, which shifts sound against video and one rendition against another. `frag_duration` of 1
 * µs starts a fragment as soon as the last one would get a second frame of a track. `frag_every_frame` would do so, too,
 * but with sound ffmpeg 5.1 then gives every other audio packet a wrong timestamp and no duration, and Chromium drops
 * video up to the next keyframe.
 */
export const LIVE_MP4: Container = {
  ...NOTHING_CARRIED,
  muxer: 'mp4',
  options: () => [
    ...['-movflags', '+empty_moov+delay_moov+default_base_moof+frag_discont+skip_trailer', '-frag_duration', '1'],
    ...['-flush_packets', '1', '-max_interleave_delta', INTERLEAVE_US, '-b:a', '128k'],
  ],
};

/**
 * H.264 for browsers, without delay: no B-frames and no look-ahead. A keyframe comes every two seconds, measured by the
 * frames' own timestamps. No second exceeds `bitrate` bits (VBV of one second).
 */
export function liveEncoder(encoder: Preset['encoder'], bitrate: number): EncoderSettings {
  const own = encoder?.name === 'libx264' ? encoder : undefined;
  const fixed = {
    tune: 'zerolatency',
    bf: '0',
    g: '600',
    sc_threshold: '0',
    maxrate: String(bitrate),
    bufsize: String(bitrate),
    force_key_frames: `expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+${GOP_SECONDS}))`,
    pix_fmt: 'yuv420p',
  };
  const speed = own?.options['preset'] ?? 'ultrafast';
  return { name: 'libx264', options: Object.entries({ preset: speed, crf: String(own?.crf ?? 20), ...fixed }) };
}

/** Plans the encoder for frames of `format` that come from the source. Timestamps stay as they are. */
export function livePlan(
  { info }: Source,
  format: FrameFormat,
  encoder: EncoderSettings,
  sound: { readonly streams: readonly CarriedStream[]; readonly forwarded: readonly NutStream[] },
  stallTimeoutMs: number,
): EncodePlan {
  return {
    format,
    timeBase: info.timeBase,
    frameRate: info.frameRate,
    stallTimeoutMs,
    color: info.color,
    sampleAspect: scaledAspect({ ...info.format, sampleAspect: info.sampleAspect }, format),
    encoder,
    container: LIVE_MP4,
    output: 'pipe:1',
    shiftSeconds: 0,
    carry: sound.forwarded.length > 0 ? { from: 'pipe', ...sound } : { from: 'nothing' },
  };
}
