// What `npm start`, `npm test` and `npm run bench` run first: a fresh clone becomes one that runs, and one that runs is left alone.
// The order matters: the packages hold the compiler. Nothing here may import a package, since there may be none yet.
import { ensureBrowser } from './setup/browser.mjs';
import { buildIfStale } from './setup/build.mjs';
import { SetupError } from './setup/command.mjs';
import { ensureCxx } from './setup/cxx.mjs';
import { ensureFfmpeg } from './setup/ffmpeg.mjs';
import { installIfStale } from './setup/packages.mjs';
import { checkPlatform } from './setup/platform.mjs';
import { ensureTestTools } from './setup/test-tools.mjs';

const quiet = process.argv.includes('--quiet');
const say = quiet ? () => {} : (text) => console.log(`setup: ${text}`);

try {
  checkPlatform();
  await ensureFfmpeg(say);
  if (!quiet) ensureCxx(say);
  if (process.argv.includes('--tests')) {
    ensureBrowser(say);
    ensureTestTools(say);
  }
  installIfStale(say);
  buildIfStale(say);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`setup: ${error.message}`);
  process.exitCode = 1;
}
