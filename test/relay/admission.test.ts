import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isLoopback, OriginPolicy } from '../../dist/relay/server/origin.js';
import { AddressRates, RateLimit } from '../../dist/relay/server/rate.js';
import { Tokens, tokenOf } from '../../dist/relay/server/tokens.js';
import { failureOf } from '../helpers/errors.js';
import { temporaryFolder } from '../helpers/media.js';

const VIEW = 'view-0123456789abcdef';
const WRITE = 'write-0123456789abcdef';
const folder = await temporaryFolder();

test('tokens have the scope that their line says', async () => {
  const path = join(folder, 'tokens');
  await writeFile(path, `# for the page\n${VIEW} view\r\n\n  ${WRITE}\twrite \n`);
  const tokens = await Tokens.read(path);
  const rights = [VIEW, WRITE, VIEW.slice(1), `${VIEW} `, '']
    .map((token) => tokens.accessOf(token))
    .map((access) => access && [access.may('view'), access.may('write')]);
  expect(rights).toEqual([[true, false], [true, true], undefined, undefined, undefined]);
});

test('a token that stands there twice may do what either may', () => {
  expect(Tokens.parse(`${VIEW} write\n${VIEW} view`, 'f').accessOf(VIEW)?.may('write', 'main')).toBe(true);
  const access = Tokens.parse(`\uFEFF${VIEW} view door,yard\n${VIEW} write stage`, 'f').accessOf(VIEW);
  const may = (scope: 'view' | 'write') => ['door', 'yard', 'stage', 'main'].filter((name) => access?.may(scope, name));
  expect([may('view'), may('write')]).toEqual([['door', 'yard', 'stage'], ['stage']]);
});

test.each([
  ['no token', '# nothing\n', 'holds none'],
  ['a short token', 'ok-0123456789abcdef view\nsecret view', 'line 2'],
  ['no scope', VIEW, 'line 1'],
  ['another scope', `${VIEW} admin`, 'line 1'],
  ['more than a scope and streams', `${VIEW} view door write`, 'line 1'],
  ['streams that can have no such name', `${VIEW} view a/b`, 'line 1'],
])('a file with %s is refused, and the message holds no token', async (_, text, found) => {
  const error = await failureOf(() => Tokens.parse(text, 'tokens.txt'));
  expect(error.code).toBe('SRVID_TOKENS_INVALID');
  expect(error.message).toContain(found);
  expect(JSON.stringify(error.toRecord())).not.toMatch(/secret|0123456789/);
});

test('a file of tokens that is not there is named', async () => {
  const error = await failureOf(() => Tokens.read(join(folder, 'none')));
  expect([error.code, error.message]).toEqual(['SRVID_TOKENS_INVALID', expect.stringContaining(join(folder, 'none'))]);
});

test('the token is taken from the header, else from the address', () => {
  const url = new URL('http://relay/live/main?token=from-address');
  expect(tokenOf({ headers: { authorization: 'Bearer from-header' } }, url)).toBe('from-header');
  expect(tokenOf({ headers: { authorization: 'Basic abc' } }, url)).toBe('from-address');
  expect(tokenOf({ headers: {} }, new URL('http://relay/'))).toBeUndefined();
});

test.each<[string, boolean]>([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['::1', true],
  ['[::1]', true],
  ['localhost', true],
  ['relay.localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.2', false],
  ['127.0.0.1.example.org', false],
  ['example.org', false],
  ['', false],
])('%s is this machine alone: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

const protectedRelay = new OriginPolicy({ allowed: ['https://example.org'], loopbackOnly: false });
const openRelay = new OriginPolicy({ allowed: ['https://example.org'], loopbackOnly: true });

test.each<[string, OriginPolicy, { host?: string; origin?: string }, boolean]>([
  ['no page at all', protectedRelay, { host: 'relay.lan:8787' }, true],
  ['the relay’s own page', protectedRelay, { host: 'relay.lan:8787', origin: 'http://relay.lan:8787' }, true],
  ['its own page behind TLS', protectedRelay, { host: 'relay.lan', origin: 'https://relay.lan' }, true],
  ['an allowed page', protectedRelay, { host: 'relay.lan:8787', origin: 'https://example.org' }, true],
  ['an allowed host by another scheme', protectedRelay, { host: 'relay.lan:8787', origin: 'http://example.org' }, false],
  ['another port of the same host', protectedRelay, { host: 'relay.lan:8787', origin: 'http://relay.lan:9000' }, false],
  ['a page with a like name', protectedRelay, { host: 'relay.lan', origin: 'http://relay.lan.evil.example' }, false],
  ['a page without an origin', protectedRelay, { host: 'relay.lan', origin: 'null' }, false],
  ['an origin that is none', protectedRelay, { host: 'relay.lan', origin: '' }, false],
  ['this machine', openRelay, { host: '127.0.0.1:8787', origin: 'http://127.0.0.1:8787' }, true],
  ['this machine by IPv6', openRelay, { host: '[::1]:8787', origin: 'http://[::1]:8787' }, true],
  ['a name that was led to this machine', openRelay, { host: 'evil.example:8787', origin: 'http://evil.example:8787' }, false],
  ['a name that was led to this machine, without a page', openRelay, { host: 'evil.example:8787' }, false],
  ['a proxy in front, whose page is allowed', openRelay, { host: 'example.org', origin: 'https://example.org' }, true],
  ['no host', openRelay, {}, false],
])('%s', (_, policy, headers, admitted) => {
  expect(policy.objection(headers) === undefined).toBe(admitted);
});

test.each(['example.org', 'https://example.org/', 'https://example.org/page', '*', ''])('"%s" is no origin to allow', async (origin) => {
  const error = await failureOf(() => new OriginPolicy({ allowed: [origin], loopbackOnly: false }));
  expect(error.code).toBe('SRVID_ORIGIN_INVALID');
});

test('a rate lets through its burst, and then what time gives back', () => {
  const clock = { time: 0, now: () => clock.time };
  const limit = new RateLimit({ burst: 3, perSecond: 2 }, clock);
  const take = (count: number) => Array.from({ length: count }, () => limit.take()).filter(Boolean).length;
  expect(take(10)).toBe(3);
  clock.time += 500;
  expect(take(10)).toBe(1);
  clock.time += 60_000;
  expect(take(10)).toBe(3);
});

test('each address has a rate of its own; an IPv6 network of 64 bits is one address', () => {
  const clock = { now: () => 0 };
  const rates = new AddressRates({ burst: 1, perSecond: 1 }, clock);
  const addresses = ['10.0.0.1', '10.0.0.2', '::ffff:10.0.0.1', '2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8:0:1::1', '::1', 'fe80::1%eth0'];
  expect(addresses.map((address) => rates.take(address))).toEqual([true, true, false, true, false, true, true, true]);
});

test('however many addresses come, a bounded number is remembered', () => {
  const clock = { time: 0, now: () => clock.time };
  const rates = new AddressRates({ burst: 2, perSecond: 1 }, clock);
  for (let index = 0; index < 30_000; index++) rates.take(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
  expect(rates.addresses).toBeLessThanOrEqual(10_000);
  clock.time += 10_000;
  rates.take('192.0.2.1');
  expect(rates.addresses).toBe(1);
});
