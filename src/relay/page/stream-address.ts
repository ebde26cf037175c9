import { element } from './element.js';

/** The stream that the page shows. */
export interface StreamAddress {
  readonly name: string;
  readonly url: URL;
  readonly token: string | undefined;
}

const STORED = 'srvid-token';

/**
 * Finds the stream: `?stream=NAME`, or the relay's first one. The token is `?token=TOKEN`, or what was typed in this tab.
 * Where the relay has several streams, the head of the page gets a menu of them.
 */
export async function findStream(): Promise<StreamAddress> {
  const query = new URLSearchParams(location.search);
  const token = query.get('token') ?? storedToken();
  const names = await streamNames(token);
  const name = query.get('stream') ?? names[0] ?? 'main';
  offerStreams(names, name);
  return { name, token, url: new URL(`live/${encodeURIComponent(name)}`, new URL('.', location.href)) };
}

/** The address of this page with another stream. */
export function pageOf(name: string): URL {
  const page = new URL(location.href);
  page.searchParams.set('stream', name);
  return page;
}

/** Takes a token for this tab, and begins anew with it. It does not stay in the address, where others may read it. */
export function useToken(token: string): void {
  const page = new URL(location.href);
  page.searchParams.delete('token');
  try {
    sessionStorage.setItem(STORED, token);
  } catch {
    // Where a browser lets pages keep nothing, only the address is left.
    page.searchParams.set('token', token);
  }
  history.replaceState(null, '', page);
  location.reload();
}

function storedToken(): string | undefined {
  try {
    return sessionStorage.getItem(STORED) ?? undefined;
  } catch {
    return undefined;
  }
}

async function streamNames(token: string | undefined): Promise<readonly string[]> {
  try {
    const answer = await fetch('health', token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
    const { streams } = (await answer.json()) as { readonly streams?: Readonly<Record<string, string>> };
    return Object.keys(streams ?? {});
  } catch {
    // If there is no relay at all, the connection will fail and say so.
    return [];
  }
}

function offerStreams(names: readonly string[], name: string): void {
  if (names.length < 2 || !names.includes(name)) return;
  const menu = element('streams', HTMLSelectElement);
  menu.replaceChildren(...names.map((each) => new Option(each, each)));
  menu.value = name;
  menu.addEventListener('change', () => location.assign(pageOf(menu.value)));
  element('stream-choice', HTMLElement).hidden = false;
  element('stream', HTMLElement).hidden = true;
}
