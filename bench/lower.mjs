// `npm run bench -- lower [MODEL.onnx ...]`: a network before and after `srvid lower`, in turn, one thread.
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pictureNetwork } from '../dist/doctor/picture-network.js';
import { proveEqual } from '../dist/doctor/proof.js';
import { timeModels } from '../dist/doctor/timing.js';
import { randomFrom } from '../dist/eval/random.js';
import { Graph } from '../dist/onnx/graph.js';
import { lower } from '../dist/onnx/lower.js';
import { readModelFile } from '../dist/onnx/model-file.js';

const OWN = ['../test/fixtures/models/grouped-int8.onnx', './models/abpn-x3-int8-unlowered.onnx'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
const [WIDTH, HEIGHT] = [640, 360];

export async function measure(paths) {
  for (const path of paths.length > 0 ? paths : OWN) {
    const original = await readModelFile(path);
    const { model, lowered } = lower(original);
    const { bytes } = await proveEqual(original, model);
    const { input, size } = pictureNetwork(basename(path), new Graph(original), 1);
    const { width, height } = size ?? { width: WIDTH, height: HEIGHT };
    const random = randomFrom(1);
    const data = Array.from({ length: input.channels * width * height }, () => Math.floor(random() * 256));
    const tensor = {
      dims: [1, input.channels, height, width],
      data: input.type === 'uint8' ? Uint8Array.from(data) : Float32Array.from(data, (byte) => byte / 255),
    };
    const inputs = { [input.name]: tensor };
    const [before, after] = await timeModels(
      [
        { model: original, inputs },
        { model, inputs },
      ],
      { rounds: 11 },
    );
    const times = `${before.ms.toFixed(1)} ms, lowered ${after.ms.toFixed(1)} ms: ${(before.ms / after.ms).toFixed(2)} times as fast`;
    console.log(
      `${basename(path)} at ${width}x${height}, one thread: ${times}; ${lowered.length} convolutions rewritten, ${bytes} bytes of output compared, none differs`,
    );
  }
}
