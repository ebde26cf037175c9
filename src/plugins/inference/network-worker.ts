// The thread of one network; `network-thread.ts` is the main thread's side.
import { parentPort } from 'node:worker_threads';
import { messageOf, SrvidError } from '../../errors.js';
import type { Size, Tensor } from '../contract.js';
import { alignedUp, copyPadded } from '../pixels/padding.js';
import { NativeMark } from '../threads/native-mark.js';
import type { WorkerGreeting } from '../threads/watched-pool.js';
import type { ModelEntry } from './manifest.js';
import type { ModelTiming, NetworkReply, NetworkRequest, Tensors } from './network-protocol.js';
import type { Network } from './onnx-runtime.js';

const WARM_UP = 3;
let mark = new NativeMark();
let network: Network | undefined;

parentPort?.on('message', (request: NetworkRequest | WorkerGreeting) => {
  if ('mark' in request) mark = new NativeMark(request.mark);
  // Everything here counts as native code, since the thread does nothing else.
  else
    void mark.around(
      () => answer(request),
      () => parentPort?.close(),
    );
});

async function answer(request: NetworkRequest): Promise<void> {
  const reply = await handle(request).catch((error: unknown): NetworkReply => {
    const known = error instanceof SrvidError ? error : new SrvidError('SRVID_WORKER_FAILED', `A network's thread failed: ${messageOf(error)}.`, {}, error);
    return { ok: false, error: known.toRecord() };
  });
  parentPort?.postMessage(reply);
}

async function handle(request: NetworkRequest): Promise<NetworkReply> {
  const { openNetwork } = await import('./onnx-runtime.js');
  switch (request.op) {
    case 'open':
      network = await openNetwork(request.what, request.bytes, request.profile === undefined ? {} : { profile: request.profile });
      return { ok: true };
    case 'run':
      return { ok: true, results: await opened().run(request.inputs) };
    case 'time':
      return { ok: true, ms: [await time(request.inputs)] };
    case 'end-profile':
      opened().endProfile();
      return { ok: true };
    case 'release':
      await network?.release();
      return { ok: true };
    case 'time-model':
      return { ok: true, ms: await timeModel(request) };
  }
}

function opened(): Network {
  if (network) return network;
  throw new Error('no network was opened');
}

async function time(inputs: Tensors): Promise<number> {
  const since = performance.now();
  await opened().run(inputs);
  return performance.now() - since;
}

async function timeModel({ model, luma, size, engine, threads, times }: ModelTiming): Promise<number[]> {
  const { loadModel, scaledDims } = await import('./model.js');
  const loaded = await loadModel(model, { engine, device: 'cpu', threads });
  const input = inputsFor(model.entry, luma, size);
  const output = input.map(({ data, dims }) => {
    const scale = model.entry.scale ?? 1;
    return { data: new Uint8Array(data.length * scale * scale), dims: scaledDims(scale, dims) };
  });
  const taken: number[] = [];
  for (let index = -WARM_UP; index < times; index++) {
    const since = performance.now();
    await loaded.run(input, output);
    if (index >= 0) taken.push(performance.now() - since);
  }
  await loaded.release();
  return taken;
}

/** Inputs of one of srvid's own models for a picture of which the luma is known. Times hardly depend on the values, so the luma serves for colour, too. */
function inputsFor({ planes, align }: ModelEntry, luma: Uint8Array, { width, height }: Size): Tensor[] {
  const tensor = (data: Uint8Array, channels: number, h: number, w: number): Tensor => ({ data, dims: [1, channels, h, w] });
  if (planes === 'y') return [tensor(luma, 1, height, width)];
  if (planes === 'rgb') return [tensor(Buffer.concat([luma, luma, luma]), 3, height, width)];
  // A model without a scale takes whole blocks alone.
  const [h, w] = [alignedUp(height, align), alignedUp(width, align)];
  const padded = new Uint8Array(h * w);
  copyPadded({ data: luma, width, height }, { data: padded, width: w, height: h });
  const chroma = padded.subarray(0, padded.length / 4);
  return [tensor(padded, 1, h, w), tensor(chroma, 1, h / 2, w / 2), tensor(chroma, 1, h / 2, w / 2)];
}
