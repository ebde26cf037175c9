// Writes the network of the example plugin examples/plugins/blend.js: node scripts/example-network.mjs
// As far as the mean difference of the nine pixels around one is noise, half of the past frame is taken in place of the present one.
import { writeFile } from 'node:fs/promises';
import { Graph } from '../dist/onnx/graph.js';
import { serializeModel } from '../dist/onnx/model-file.js';

const graph = Graph.empty('blend');
const picture = [1, 1, 'height', 'width'];
const constant = (name, value) => graph.addConstant(name, { type: 'float32', dims: [], data: Float32Array.of(value) });
graph.addInput('now', 'float32', picture);
graph.addInput('past', 'float32', picture);
graph.addInput('strength', 'float32', [1]);
graph.addNode('Sub', ['past', 'now'], 'difference');
graph.addNode('Abs', ['difference'], 'change');
graph.addNode('AveragePool', ['change'], 'mean', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
graph.addNode('Div', ['mean', 'strength'], 'relative');
graph.addNode('Sub', [constant('two', 2), 'relative'], 'fading');
graph.addNode('Clip', ['fading', constant('none', 0), constant('all', 1)], 'weight');
graph.addNode('Mul', ['weight', constant('half', 0.5)], 'share');
graph.addNode('Mul', ['share', 'difference'], 'step');
graph.addNode('Add', ['now', 'step'], 'result');
graph.addOutput('result', 'float32', picture);
await writeFile(new URL('../examples/plugins/blend.onnx', import.meta.url), serializeModel(graph.toModel()));
