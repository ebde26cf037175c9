import module from 'node:module';
import { foundNone } from './srvid-resolver.js';

/** Marks a thread whose imports are helped. */
const HELPED = Symbol.for('srvid.resolver');

/** Newer Node resolves in the same thread, for `import` and `require` alike. */
interface SynchronousHooks {
  registerHooks?(hooks: { resolve(specifier: string, context: object, next: (specifier: string, context: object) => unknown): unknown }): void;
}

/** Older Node's own function for `require`, which many packages replace. */
interface CommonJs {
  _resolveFilename(request: string, ...rest: unknown[]): string;
}

/**
 * Lets this thread import `srvid/plugin` and the other entries of srvid from anywhere: a plugin may lie where no srvid is
 * installed. What an import finds by itself stays: a plugin that brings its own srvid was written for that one, and says so
 * by its `apiVersion`.
 */
export function findSrvidAnywhere(): void {
  if (Object.hasOwn(process, HELPED)) return;
  Object.defineProperty(process, HELPED, { value: true });
  const { registerHooks } = module as unknown as SynchronousHooks;
  if (registerHooks) {
    const ours = (specifier: string) => ({ url: import.meta.resolve(specifier), shortCircuit: true });
    registerHooks({ resolve: (specifier, context, next) => orElse(specifier, () => next(specifier, context), ours) });
    return;
  }
  module.register(new URL('./srvid-resolver.js', import.meta.url));
  const commonJs = module as unknown as CommonJs;
  const resolve = commonJs._resolveFilename;
  const own = module.createRequire(import.meta.url);
  commonJs._resolveFilename = function (this: unknown, request, ...rest) {
    return orElse(request, () => resolve.call(this, request, ...rest), own.resolve);
  };
}

function orElse<T>(specifier: string, usual: () => T, ours: (specifier: string) => T): T {
  try {
    return usual();
  } catch (error) {
    if (!foundNone(specifier, error)) throw error;
    return ours(specifier);
  }
}
