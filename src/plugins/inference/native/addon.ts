import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { NativeAddon } from './plan.js';

/** The native engine's add-on and where it came from, or the reason why there is none, in words for a user. */
export type FoundAddon = { readonly addon: NativeAddon; readonly from: string } | { readonly addon: undefined; readonly reason: string };

/** The name of the npm package with a prebuilt add-on for a platform, "@srvid/native-linux-x64". */
export function prebuiltPackage(platform: string = process.platform, arch: string = process.arch): string {
  return `@srvid/native-${platform}-${arch}`;
}

/**
 * Loads the add-on: the one that `npm run build` compiled, or else the prebuilt one of an optional package. Neither is needed, and nothing is
 * thrown or printed where there is none. Each thread that uses the add-on loads it by this function; the machine code is shared.
 */
export function findAddon(): FoundAddon {
  const built = fileURLToPath(new URL('../../../native/srvid-native.node', import.meta.url));
  const fromBuild = existsSync(built) ? load(built) : undefined;
  if (fromBuild?.addon) return fromBuild;
  const fromPackage = prebuilt(prebuiltPackage());
  if (fromPackage.addon || !fromBuild) return fromPackage;
  return fromBuild;
}

/** A package of another version than srvid's may take plans of another form. */
function prebuilt(name: string): FoundAddon {
  const require = createRequire(import.meta.url);
  let manifest: string;
  try {
    manifest = require.resolve(`${name}/package.json`);
  } catch {
    return { addon: undefined, reason: `it was not built (no C++ compiler at build time), and the package ${name} is not installed` };
  }
  const found = versionOf(manifest);
  const wanted = versionOf(fileURLToPath(new URL('../../../../package.json', import.meta.url)));
  if (found !== wanted) return { addon: undefined, reason: `the package ${name} is of version ${found}, and srvid of ${wanted}` };
  return load(require.resolve(name));
}

function versionOf(manifest: string): string {
  return String((JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version?: unknown }).version);
}

function load(path: string): FoundAddon {
  try {
    return { addon: createRequire(import.meta.url)(path) as NativeAddon, from: path };
  } catch (error) {
    return { addon: undefined, reason: `${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}` };
  }
}
