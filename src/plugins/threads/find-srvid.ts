import module from 'node:module';
import { fallback, isSrvid } from './srvid-resolver.js';

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
    registerHooks({ resolve: (specifier, context, next) => fallback(specifier, context, next) });
    return;
  }
  module.register(new URL('./srvid-resolver.js', import.meta.url));
  const commonJs = module as unknown as CommonJs;
  const resolve = commonJs._resolveFilename;
  const own = module.createRequire(import.meta.url);
  commonJs._resolveFilename = function (this: unknown, request, ...rest) {
    if (!isSrvid(request)) return resolve.call(this, request, ...rest);
    return fallback(request, {}, (specifier, { parentURL }: { parentURL?: string }) =>
      parentURL === undefined ? resolve.call(this, specifier, ...rest) : own.resolve(specifier),
    );
  };
}
