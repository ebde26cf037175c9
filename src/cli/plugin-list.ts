import type { Plugin } from '../plugins/contract.js';
import { OWN_NETWORK, ownHints } from '../plugins/own/describe.js';
import { BUILTIN_PLUGINS, findPlugin } from '../plugins/registry.js';
import { scalesInWords } from '../plugins/scales.js';
import { optionsOf, type PluginOption } from '../plugins/schema-options.js';
import { plain, plainJson } from './terminal.js';

const PLANES = { y: 'luma', yuv: 'luma and chroma', rgb: 'red, green and blue' } as const;

/** One plugin in the list, as `--json` prints it. */
interface Listed {
  /** The name by which `--plugin` finds it. */
  readonly use: string;
  readonly description: string;
  /** The planes that it works on; absent where its options decide. */
  readonly planes?: Plugin['planes'];
  readonly scales?: Plugin['scales'];
  readonly ordered: boolean;
  readonly window?: Plugin['window'];
  /** Undefined where its schema cannot be read. */
  readonly options: readonly PluginOption[] | undefined;
}

/** Runs `srvid plugins`: prints plugins with their options as text, or JSON. @throws the errors of plugins */
export async function printPlugins(uses: readonly string[], { json }: { json?: boolean }): Promise<void> {
  const listed: Listed[] = [];
  for (const use of uses.length > 0 ? uses : [...BUILTIN_PLUGINS, OWN_NETWORK]) listed.push(await describe(use));
  const text = json ? plainJson(listed, 2) : plain(listed.map(textOf).join('\n\n'));
  process.stdout.write(`${text}\n`);
}

async function describe(use: string): Promise<Listed> {
  if (use === OWN_NETWORK) return { use, description: 'A network of your own, from an ONNX file.', ordered: false, options: optionsOf(ownHints) };
  const { plugin } = await findPlugin(use, process.cwd());
  const { description = '', planes, scales, window, state, options } = plugin;
  return { use, description, planes, ...(scales && { scales }), ordered: state === 'ordered', ...(window && { window }), options: optionsOf(options) };
}

function textOf({ use, description, planes, scales, ordered, window, options }: Listed): string {
  const works = [
    ...(planes ? [`on ${PLANES[planes]}`] : []),
    ...(scales ? [scalesInWords(scales)] : []),
    ...(window ? [`reads ${window.past} frames before and ${window.future} after`] : []),
    ...(ordered ? ['in order, on one thread'] : []),
  ];
  const head = [use, works.join('; ')].filter(Boolean).join(': ');
  return [head, ...(description ? [`  ${description}`] : []), ...optionLines(options)].join('\n');
}

function optionLines(options: Listed['options']): string[] {
  if (!options) return ['  It checks its options itself, and does not list them.'];
  return options.map(({ name, values, fallback, help }) => {
    const told = fallback === undefined ? values : `${values}; ${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)} where not given`;
    return `  ${name} (${told})${help ? `: ${help}` : ''}`;
  });
}
