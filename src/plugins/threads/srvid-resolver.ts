/** Errors of an import that finds no srvid, or one without the entry. */
const NOT_FOUND = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'];

/** True for "srvid" and its entries, such as "srvid/plugin". */
export function isSrvid(specifier: string): boolean {
  return /^srvid(\/|$)/.test(specifier);
}

/** True where an import of srvid has found none, by the import's error. */
export function foundNone(specifier: string, error: unknown): boolean {
  return isSrvid(specifier) && NOT_FOUND.includes((error as { code?: string }).code ?? '');
}

/**
 * Resolves a specifier as usual and, where that finds no srvid, as if this file had asked: that is the srvid at work. It is
 * a hook of `module.register`.
 */
export async function resolve<T>(specifier: string, context: object, next: (specifier: string, context: object) => Promise<T>): Promise<T> {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!foundNone(specifier, error)) throw error;
    return next(specifier, { ...context, parentURL: import.meta.url });
  }
}
