// The parts of the relay's page that no compiler touches go beside the modules that are compiled.
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
for (const file of ['index.html', 'app.css', 'icon.svg']) {
  cpSync(fileURLToPath(new URL(`src/relay/page/${file}`, root)), fileURLToPath(new URL(`dist/relay/page/${file}`, root)));
}
