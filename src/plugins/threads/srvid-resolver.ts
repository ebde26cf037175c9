/** Errors of an import that finds no srvid, or one without the entry. */
const NOT_FOUND = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'];

/** True for "srvid" and its entries, such as "srvid/plugin". */
export function isSrvid(specifier: string): boolean {
  return /^srvid(\/|$)/.test(specifier);
}

/** Resolves a specifier as usual and, where that finds no srvid, as if this file had asked: that is the srvid at work. */
export function fallback<T>(specifier: string, context: object, next: (specifier: string, context: object) => T): T {
  if (!isSrvid(specifier)) return next(specifier, context);
  try {
    return next(specifier, context);
  } catch (error) {
    if (!NOT_FOUND.includes((error as { code?: string }).code ?? '')) throw error;
    return next(specifier, { ...context, parentURL: import.meta.url });
  }
}

/** The hook of `module.register`. */
export async function resolve(specifier: string, context: object, next: (specifier: string, context: object) => Promise<unknown>): Promise<unknown> {
  if (!isSrvid(specifier)) return next(specifier, context);
  try {
    return await next(specifier, context);
  } catch (error) {
    return fallback(specifier, context, (name, asked) => {
      if (asked === context) throw error;
      return next(name, asked);
    });
  }
}
