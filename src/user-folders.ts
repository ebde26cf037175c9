import envPaths from 'env-paths';

/** The user's folders for srvid on this system: `cache` may be deleted at any time, `data` is what the user has put there. */
export function userFolders(): { readonly cache: string; readonly data: string } {
  const { cache, data } = envPaths('srvid', { suffix: '' });
  return { cache, data };
}
