// Writes docs/relay.schema.json from the schemas that the relay itself checks messages by.
import { writeFileSync } from 'node:fs';
import { protocolSchema } from '../dist/relay/delivery/protocol.js';

writeFileSync(new URL('../docs/relay.schema.json', import.meta.url), `${JSON.stringify(protocolSchema(), null, 2)}\n`);
