// The parts of the relay's page that no compiler touches go beside the modules that are compiled.
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
for (const part of ['index.html', 'styles', 'icon.svg']) {
  const target = fileURLToPath(new URL(`dist/relay/page/${part}`, root));
  // A style sheet that is gone from the sources must not be served any longer.
  rmSync(target, { recursive: true, force: true });
  cpSync(fileURLToPath(new URL(`src/relay/page/${part}`, root)), target, { recursive: true });
}
