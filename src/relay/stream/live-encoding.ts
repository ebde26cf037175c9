import type { Preset } from '../../options/preset.js';
import type { FrameFormat } from '../../pipeline/frames/frame.js';
import type { Source } from '../../pipeline/input/source.js';
import type { NutStream } from '../../pipeline/nut/syntax.js';
import type { CarriedStream } from '../../pipeline/output/carry.js';
import type { Container } from '../../pipeline/output/container.js';
import type { EncodePlan, EncoderSettings } from '../../pipeline/output/encode.js';
import { scaledAspect } from '../../pipeline/output/encode-graph.js';

/** Longest time between two keyframes: what a late joiner without the fragments since the last one would wait. */
export const GOP_SECONDS = 2;

const NONE = { copies: 'none' } as const;
/** How long the muxer waits for sound that does not come before it goes on with pictures. */
const INTERLEAVE_US = '500000';

/**
 * Fragmented MP4 with a fragment for each frame. `delay_moov` and `frag_discont` keep times as they are; without them
 * ffmpeg lets each track begin at 0, which moves sound against pictures and one rendition against the other. A fragment is cut
 * when it would get a second frame of a track. Not `frag_every_frame`: with sound it gives every other packet of it the time
 * of the next and no duration (ffmpeg 5.1), and Chromium then drops pictures up to the next keyframe.
 */
export const LIVE_MP4: Container = {
  muxer: 'mp4',
  audio: NONE,
  video: NONE,
  subtitle: NONE,
  attachment: NONE,
  chapters: false,
  options: () => [
    // Not frag_every_frame: with two tracks it gives every other packet the time of the one before.
    ...['-movflags', '+empty_moov+delay_moov+default_base_moof+frag_discont+skip_trailer', '-frag_duration', '1'],
    ...['-flush_packets', '1', '-max_interleave_delta', INTERLEAVE_US, '-b:a', '128k'],
  ],
};

/**
 * H.264 for browsers, without delay: no B-frames, no look-ahead, a keyframe every two seconds by the frames' own times,
 * and no second above `bitrate` bits (VBV of a second).
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

/** How to encode frames of `format` that come of `source`; its times stay as they are. */
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
