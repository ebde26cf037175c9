import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { vi } from 'vitest';

/** A server that speaks S3's protocol, checks signatures, and keeps buckets in a folder. */
export interface S3Server {
  readonly url: string;
  /** Sets the environment by which srvid finds it. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets that environment for this process. */
  enter(): void;
  stop(): Promise<void>;
}

/** Starts a server with one bucket. */
export async function startS3(directory: string, bucket: string): Promise<S3Server> {
  // It has no types.
  const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => { run(): Promise<AddressInfo>; close(): Promise<void> };
  const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets: [{ name: bucket }] });
  const { port } = await server.run();
  const url = `http://127.0.0.1:${port}`;
  const env = { AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };
  const enter = () => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  };
  enter();
  return { url, env, enter, stop: () => server.close() };
}
