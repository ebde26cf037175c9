import { SrvidError } from '../errors.js';
import { withoutSecrets } from '../pipeline/ffmpeg/remote-input.js';

/**
 * A place that the submitter and all workers reach, for sources and pieces. Keys are names such as "1f3a/0012.nut": letters, digits, "-", "_"
 * and ".", in parts with "/" between.
 */
export interface Storage {
  /**
   * Stores a local file, which nobody changes any more, under a key. The key names the whole file, or nothing, whatever ends this.
   * @throws SRVID_SHARE_FAILED
   */
  put(path: string, key: string): Promise<void>;
  /** Copies what is stored under a key to a local file, which is made or replaced. @throws SRVID_SHARE_FAILED */
  get(key: string, path: string): Promise<void>;
  /** The path under which this machine reads a key's file in place; undefined where only copies can be had. */
  pathOf(key: string): string | undefined;
  /** The bytes that are stored under a key; undefined where there is nothing. @throws SRVID_SHARE_FAILED */
  sizeOf(key: string): Promise<number | undefined>;
  /** Removes everything whose key begins with this part and "/". @throws SRVID_SHARE_FAILED */
  removeAll(part: string): Promise<void>;
}

/** The error of a storage that does not do what was asked of it. */
export function shareFailed(tried: string, found: string, cause?: unknown): SrvidError {
  const message = `Tried to ${withoutSecrets(tried)}: ${withoutSecrets(found)}. Check that the share can be reached and written from this machine, and has room.`;
  return new SrvidError('SRVID_SHARE_FAILED', message, {}, cause);
}
