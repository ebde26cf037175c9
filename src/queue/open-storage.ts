import type { Storage } from './storage.js';

/** Opens a storage by its name: "s3://bucket/prefix", or the path of a folder. @throws SRVID_SHARE_FAILED, SRVID_OPTION_INVALID, SRVID_PACKAGE_MISSING */
export async function openStorage(share: string): Promise<Storage> {
  if (/^s3:\/\//i.test(share)) return (await import('./s3-storage.js')).S3Storage.open(share);
  return (await import('./folder-storage.js')).FolderStorage.open(share);
}
