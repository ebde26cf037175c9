import type { OnnxModel } from '../onnx/model-file.js';
import { coarseFilters } from './layers.js';
import type { Finding, LayerReport, QualityReport, SpeedReport } from './report.js';

/**
 * The limit of the trainer's own fidelity check (models/training/quantise/fidelity.py) for luma shift, in levels of
 * 255.
 */
const MOST_SHIFT = 0.3;
/**
 * The limit against the network's own float form, in dB: a network of 33 dB that is this near to its float form has
 * lost less than 0.3 dB.
 */
const LEAST_PSNR = 45;
/** Share of a tensor's values at an end of its range. */
const MOST_SATURATED = 0.01;
/** Share of a range that is used. Below this, nearly three of the eight bits serve the rarest values alone. */
const LEAST_USED = 0.15;
/** Share of values other than 0 that are stored as 0: in healthy networks a tenth after a ReLU, a third of a residual. */
const MUCH_LOST = 0.4;
/** Signal to noise that one depthwise convolution may take, in dB. */
const MOST_DEPTHWISE_LOSS = 3;

const CURE =
  'Bound the output while training (a clipped ReLU at the end, or an anchor added in image space and then a clip) and quantise again; or fine-tune with the rounding in the forward pass (QAT); where the network was made smaller, distil it from the larger one. More calibration pictures do not cure this.';

/** Findings in plain words, illnesses first. */
export function findingsOf(name: string, model: OnnxModel, speed: SpeedReport, quality: QualityReport | undefined, layers: readonly LayerReport[]): Finding[] {
  const found = [...ofQuality(quality, layers), ...ofLayers(model, layers), ...ofSpeed(name, speed)];
  return found.sort((a, b) => Number(b.severity === 'illness') - Number(a.severity === 'illness'));
}

function ofQuality(quality: QualityReport | undefined, layers: readonly LayerReport[]): Finding[] {
  if (!quality) return [];
  const { lumaShift, psnr } = quality;
  const against = quality.reference.kind === 'file' ? `the float network ${quality.reference.name}` : 'its own float twin';
  const findings: Finding[] = [];
  if (Math.abs(lumaShift) > MOST_SHIFT) {
    const dull = lumaShift < 0;
    const message = `The picture is ${dull ? 'dull: it comes out darker' : 'too bright: it comes out brighter'} than that of ${against}, by ${Math.abs(lumaShift).toFixed(2)} levels of mean luma (limit ${MOST_SHIFT}).${smallOnes(layers)}`;
    findings.push({ kind: dull ? 'dull' : 'bright', severity: 'illness', message, remedy: CURE });
  }
  if (psnr < LEAST_PSNR) {
    const message = `Quantisation costs too much detail: ${psnr.toFixed(1)} dB against ${against} (limit ${LEAST_PSNR}).${smallOnes(layers)}`;
    findings.push({ kind: 'lossy', severity: 'illness', message, remedy: CURE });
  }
  return findings;
}

/** Names the layer that loses most small values, if it loses many. */
function smallOnes(layers: readonly LayerReport[]): string {
  const [worst] = layers.toSorted((a, b) => (b.lost ?? 0) - (a.lost ?? 0));
  if (!worst || (worst.lost ?? 0) < MUCH_LOST) return '';
  return ` In ${worst.name} a few large values take the range ${worst.low.toPrecision(3)}..${worst.high.toPrecision(3)}, and ${((worst.lost ?? 0) * 100).toFixed(0)} % of the values, the small amplitudes, round to zero.`;
}

function ofLayers(model: OnnxModel, layers: readonly LayerReport[]): Finding[] {
  const saturated = layers
    .filter((layer) => layer.saturated > MOST_SATURATED)
    .map((layer) => ({
      kind: 'saturated' as const,
      message: `${layer.name} is cut off: ${(layer.saturated * 100).toFixed(1)} % of its values stand at an end of its range ${layer.low.toPrecision(3)}..${layer.high.toPrecision(3)}.`,
      remedy: 'Calibrate by the lowest and highest value (min-max) on pictures like those that it will see, more of them.',
    }));
  const unused = layers
    .filter((layer) => layer.used < LEAST_USED)
    .map((layer) => ({
      kind: 'unused-range' as const,
      message: `${layer.name} uses ${(layer.used * 100).toFixed(1)} % of its range ${layer.low.toPrecision(3)}..${layer.high.toPrecision(3)} for 99.9 % of its values.`,
      remedy: 'If the picture is healthy, leave it. Else bound the activations in training, or fine-tune with quantisation (QAT).',
    }));
  const depthwise = layers
    .filter((layer) => layer.depthwise && (layer.snrLoss ?? 0) > MOST_DEPTHWISE_LOSS)
    .toSorted((a, b) => (b.snrLoss ?? 0) - (a.snrLoss ?? 0))
    .map((layer) => ({
      kind: 'depthwise' as const,
      message: `The depthwise convolution ${layer.convolution} loses ${layer.snrLoss?.toFixed(1)} dB of signal to noise: each of its channels has a range of its own, and all share one.`,
      remedy: 'Give it weights with a step for each channel, train with QAT, or write it as an ordinary convolution.',
    }));
  const coarse = coarseFilters(model).map(({ name, filters, coarse: count }) => ({
    kind: 'per-tensor-weights' as const,
    message: `The weights of ${name} share one step, and ${count} of its ${filters} filters use less than an eighth of its levels.`,
    remedy: 'Quantise weights with a step for each output channel (per_channel=True); it costs no time.',
  }));
  return [...saturated, ...depthwise, ...coarse, ...unused].map((finding) => ({ ...finding, severity: 'advice' as const }));
}

function ofSpeed(name: string, { ms, lowered, convolutions }: SpeedReport): Finding[] {
  const float = convolutions.filter(({ reason }) => reason?.startsWith('not in int8') || reason?.startsWith('computed in float'));
  const findings: Finding[] = [];
  if (float.length > 0) {
    const names = float.length === convolutions.length ? '' : `: ${float.map((conv) => conv.name).join(', ')}`;
    const message = `${float.length} of ${convolutions.length} convolutions are not computed in int8${names}.`;
    findings.push({
      kind: 'not-int8',
      severity: 'advice',
      message,
      remedy:
        'Quantise them: QuantizeLinear and DequantizeLinear around, int8 weights with zero point 0 (in Python: onnxruntime.quantization.quantize_static, QuantFormat.QDQ).',
    });
  }
  if (lowered?.equal === false) {
    findings.push({
      kind: 'slow',
      severity: 'advice',
      message: 'Rewritten for the fast int8 convolution it does not give the same bytes.',
      remedy: 'srvid lower would refuse it; look at the convolutions that are not in int8 first.',
    });
  } else if (lowered) {
    const slow = convolutions.filter(({ remedy }) => remedy?.startsWith('srvid lower')).length;
    const message = `${slow} of ${convolutions.length} convolutions miss the fast int8 path; rewritten, with the same bytes as result, the network takes ${lowered.ms.toPrecision(3)} ms instead of ${ms.toPrecision(3)}.`;
    findings.push({ kind: 'slow', severity: 'advice', message, remedy: `srvid lower ${name} FAST.onnx` });
  }
  return findings;
}
