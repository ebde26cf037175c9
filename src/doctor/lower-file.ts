import { writeFile } from 'node:fs/promises';
import { messageOf, SrvidError } from '../errors.js';
import type { OutputMultiple } from '../onnx/fast-conv.js';
import { type Lowered, lower } from '../onnx/lower.js';
import { readModelFile, serializeModel } from '../onnx/model-file.js';
import { OutputFile } from '../pipeline/output/output-file.js';
import { type Proof, proveEqual } from './proof.js';

/** Result of `lowerFile`: the rewritten convolutions, and the proof that both models are equal. */
export interface LoweredFile {
  readonly lowered: readonly Lowered[];
  readonly proof: Proof;
}

/** Operators of quantised networks. */
const QUANTISED = /QuantizeLinear|^QLinear|Integer$/;

/** Options of `lowerFile`. */
export interface LoweringOptions {
  readonly overwrite?: boolean;
  readonly outputMultiple?: OutputMultiple;
  /** Stops the rewrite, which then fails with SRVID_INTERRUPTED. */
  readonly signal?: AbortSignal;
}

/**
 * Rewrites a model for ONNX Runtime's fast int8 convolution. The result gets its name only once it has given the same
 * bytes as the original on random input. A model with nothing to rewrite is copied.
 * @throws SRVID_MODEL_DIFFERS, SRVID_MODEL_UNSUPPORTED, SRVID_MODEL_INVALID, SRVID_INPUT_NOT_FOUND, SRVID_OUTPUT_EXISTS
 * and others of output files
 */
export async function lowerFile(input: string, output: string, { overwrite = false, outputMultiple = 4, signal }: LoweringOptions = {}): Promise<LoweredFile> {
  const model = await readModelFile(input);
  if (!model.graph.node.some(({ opType }) => QUANTISED.test(opType))) {
    throw new SrvidError(
      'SRVID_MODEL_UNSUPPORTED',
      `${input} is a float network: nothing in it is quantised, so it has no int8 convolutions to rewrite. Quantise it first, with QuantizeLinear and DequantizeLinear around its convolutions (docs/doctor.md).`,
      { path: input },
    );
  }
  const target = await OutputFile.prepare(output, input, overwrite);
  try {
    await target.claim();
    const rewritten = lower(model, outputMultiple);
    const proof = await proveEqual(model, rewritten.model, { signal });
    await writeFile(target.partial, serializeModel(rewritten.model)).catch((error) => {
      throw new SrvidError('SRVID_OUTPUT_UNWRITABLE', `Tried to write the model ${target.path}: ${messageOf(error)}.`, { path: target.path }, error);
    });
    await target.publish();
    return { lowered: rewritten.lowered, proof };
  } finally {
    await target.discard();
  }
}
