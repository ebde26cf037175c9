import { SrvidError } from '../../errors.js';

/*
 * Options of encoders whose values are text. A text may be the name of a file to write or read. So only options are
 * accepted that are known to name no file, and only known settings of the libraries behind the encoders.
 */

/** Text options whose values are words, numbers or lists of them. */
const PLAIN = new Set('preset tune profile level wpredp psy-rd deblock partitions vendor ts-parameters rc_eq'.split(' '));

const COMMON_PARAMS =
  'preset tune profile level crf qp bitrate keyint min-keyint scenecut open-gop intra-refresh bframes b-adapt b-pyramid ref rc-lookahead lookahead-threads ' +
  'me merange subme weightb weightp psy-rd trellis deblock constrained-intra qpmin qpmax qpstep qcomp ipratio pbratio qblur cplxblur aq-mode aq-strength ' +
  'vbv-bufsize vbv-maxrate vbv-init crf-max slices threads annexb repeat-headers aud psnr ssim log log-level asm fps sar ' +
  'overscan videoformat colorprim transfer colormatrix chromaloc';

/** Settings that are allowed in an option with a list of settings, "name=value:name=value". */
const PARAMS: Readonly<Record<string, string>> = {
  x264:
    'bluray-compat avcintra-class sliced-threads sync-lookahead deterministic non-deterministic cpu-independent fullrange mastering-display cll alternative-transfer ' +
    'frameref dpb-size keyint-min b-bias nf filter slice-max-size slice-max-mbs slice-min-mbs slices-max cabac interlaced tff bff fake-interlaced ' +
    'analyse partitions 8x8dct direct chroma-qp-offset mvrange mvrange-thread psy chroma-me mixed-refs fast-pskip dct-decimate deadzone-inter deadzone-intra nr ' +
    'ratetol mbtree nal-hrd filler pic-struct force-cfr sps-id frame-packing',
  x265:
    'ctu min-cu-size rect amp limit-modes max-tu-size tu-intra-depth tu-inter-depth limit-tu rdoq-level rd rd-refine tskip tskip-fast early-skip rskip ' +
    'rskip-edge-threshold fast-intra b-intra cu-lossless lossless splitrd-skip rdpenalty max-merge limit-refs temporal-mvp hme hme-search hme-range ' +
    'strong-intra-smoothing psy-rdoq dynamic-rd ssim-rd gop-lookahead scenecut-bias hist-scenecut lookahead-slices bframe-bias radl fades crf-min vbv-end ' +
    'aq-motion qg-size hevc-aq cutree cbqpoffs crqpoffs nr-intra nr-inter strict-cbr rc-grain signhide sao sao-non-deblock limit-sao selective-sao display-window ' +
    'range master-display max-cll hdr10 hdr10-opt hdr hdr-opt min-luma max-luma eob eos hrd info hash temporal-layers vui-timing-info vui-hrd-info opt-qp-pps ' +
    'opt-ref-list-length-pps frame-threads pools numa-pools wpp pmode pme copy-pic level-idc high-tier uhd-bd interlace field allow-non-conformance ' +
    'idr-recovery-sei single-sei atc-sei pic-struct',
  svtav1:
    'rc tbr mbr lookahead film-grain film-grain-denoise tile-rows tile-columns lp pin enable-overlays scd scm fast-decode hierarchical-levels irefresh-type ' +
    'pred-struct enable-tf enable-cdef enable-restoration enable-dlf enable-mfmv superres-mode superres-denom color-primaries transfer-characteristics ' +
    'matrix-coefficients color-range chroma-sample-position mastering-display content-light min-qp max-qp enable-qm qm-min qm-max enable-variance-boost ' +
    'variance-boost-strength variance-octile tier sharpness',
};
const LISTS: Readonly<Record<string, keyof typeof PARAMS>> = { 'x264-params': 'x264', x264opts: 'x264', 'x265-params': 'x265', 'svtav1-params': 'svtav1' };

/** Flags of every encoder, without those of two-pass encoding, which keeps a file. */
const FLAGS = new Set('mv4 qpel loop gray psnr ildct low_delay global_header bitexact aic ilme cgop qscale'.split(' '));

/**
 * Refuses a value that could make the encoder open a file.
 * @param isText whether ffmpeg lists the option with a text for its value
 * @throws SRVID_OPTION_INVALID naming the option, and the setting in it
 */
export function assertOpensNoFile(encoder: string, option: string, value: string, isText: boolean): void {
  const refused = (what: string, instead: string) =>
    new SrvidError('SRVID_OPTION_INVALID', `${what} of the encoder ${encoder} is not taken, since it may name a file to write or read. ${instead}`, {
      encoder,
      option,
    });
  if (option === 'flags') {
    const wrong = value.split(/[+-]/).find((flag) => flag !== '' && !FLAGS.has(flag));
    if (wrong !== undefined) throw refused(`The flag "${wrong}"`, `Flags are: ${[...FLAGS].join(', ')}.`);
  }
  if (!isText || PLAIN.has(option)) return;
  const list = LISTS[option];
  if (!Object.hasOwn(LISTS, option) || list === undefined) throw refused(`The option "${option}"`, 'Leave it out.');
  if (/[\\'"]/.test(value)) throw refused(`A quoted value in "${option}"`, 'Write name=value:name=value without quotes and backslashes.');
  const known = new Set(`${COMMON_PARAMS} ${PARAMS[list]}`.split(' '));
  for (const setting of value.split(':')) {
    const name = setting.split('=')[0]?.trim().replaceAll('_', '-') ?? '';
    if (name !== '' && !known.has(name) && !known.has(name.replace(/^no-/, ''))) {
      throw refused(`The setting "${name}" in "${option}"`, `Settings are: ${[...known].sort().join(', ')}.`);
    }
  }
}
