import { spawnSync } from 'node:child_process';
import { SetupError } from './command.mjs';
import { findPackageManager, installWith } from './package-manager.mjs';

/** Names of Chromium and its kin. Playwright's own build is not among them: it cannot play H.264. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** The browser that the tests of the page drive: CHROMIUM_PATH, or the first one that runs; undefined where there is none. */
export function findBrowser() {
  const names = process.env.CHROMIUM_PATH ? [process.env.CHROMIUM_PATH] : NAMES;
  return names.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0);
}

/**
 * Makes sure that there is a browser, and installs Chromium where this user may.
 * @throws SetupError saying what to type.
 */
export function ensureBrowser(say) {
  if (findBrowser()) return;
  if (process.env.CHROMIUM_PATH) throw new SetupError(`${process.env.CHROMIUM_PATH} does not run. CHROMIUM_PATH is set: correct it, or unset it.`);

  const missing = 'There is no Chromium or Chrome, which the tests of the page need.';
  const manager = findPackageManager('chromium');
  if (!manager) throw new SetupError(`${missing} Install one, or set CHROMIUM_PATH to it, and run this again.`);
  if (!manager.allowed) throw new SetupError(`${missing} Type this, then run this again:\n\n    ${manager.typed}\n`);
  say(`${missing} Installing it: ${manager.typed}`);
  installWith(manager);
  if (!findBrowser()) throw new SetupError('Chromium was installed, but does not run. Install Chromium or Chrome by hand and set CHROMIUM_PATH to it.');
}
