import { loadModelLibrary, PLANES_IN_WORDS } from '../plugins/inference/library.js';
import { Shelf } from '../plugins/own/shelf.js';
import { loadPreset, presetNames } from '../plugins/plan/presets.js';
import { table } from './table.js';
import { plain, plainJson } from './terminal.js';

/** Runs `srvid models`: prints the bundled networks as a table, or JSON. */
export async function printModels({ json }: { json?: boolean }): Promise<void> {
  const { models } = await loadModelLibrary();
  const own = (await new Shelf().list()).map(({ entry }) => entry);
  if (json) return print(plainJson([...models, ...own.map((entry) => ({ ...entry, own: true }))], 2));
  const rows = [...models, ...own].map((model) => {
    const kodak = model.measured['kodak'];
    return [
      model.id,
      model.scale === undefined ? '' : `x${model.scale}`,
      PLANES_IN_WORDS[model.planes].toLowerCase(),
      `${(model.parameters / 1000).toFixed(1)}k`,
      `${(model.macsPerPixel / 1000).toFixed(1)}k`,
      kodak ? `${kodak.psnr.toFixed(2)} dB` : '',
      kodak ? `${kodak.gain >= 0 ? '+' : ''}${kodak.gain.toFixed(2)} dB` : '',
    ];
  });
  print(table([['model', 'scale', 'works on', 'parameters', 'MAC/pixel', 'Kodak Y-PSNR', 'over bicubic'], ...rows]));
}

/** Runs `srvid presets`: prints the presets as a table, or JSON. */
export async function printPresets({ json }: { json?: boolean }): Promise<void> {
  const presets = await Promise.all((await presetNames()).map(loadPreset));
  if (json)
    return print(
      plainJson(
        presets.map(({ name, preset }) => ({ name, ...preset })),
        2,
      ),
    );
  print(
    table([
      ['preset', 'plugins', 'description'],
      ...presets.map(({ name, preset }) => [name, preset.plugins.map(({ use }) => [use].flat().join(' or ')).join(', '), preset.description]),
    ]),
  );
}

function print(text: string): void {
  process.stdout.write(`${plain(text)}\n`);
}
