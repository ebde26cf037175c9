import { createWriteStream, openAsBlob } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import type { AwsClient } from 'aws4fetch';
import { messageOf, SrvidError } from '../errors.js';
import { type Storage, shareFailed } from './storage.js';

/** A request is made so often, and a failed one is followed by a pause that doubles, in milliseconds. */
const [ATTEMPTS, FIRST_PAUSE_MS] = [5, 250];

/** A bucket of Amazon's S3 or of another server that speaks its protocol. The address has the bucket as its first part, which all of them take. */
export class S3Storage implements Storage {
  private constructor(
    private readonly client: AwsClient,
    /** Address of the bucket, without a slash at the end. */
    private readonly bucket: string,
    /** First part of all keys: empty, or with a slash at the end. */
    private readonly prefix: string,
  ) {}

  /**
   * Opens "s3://bucket/prefix". Keys and region come from the environment variables that Amazon's own programs read; AWS_ENDPOINT_URL is the address
   * of another server.
   * @throws SRVID_OPTION_INVALID where one is missing, SRVID_PACKAGE_MISSING, SRVID_SHARE_FAILED where the bucket does not answer
   */
  static async open(share: string): Promise<S3Storage> {
    const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9.-]{3,63})(?:\/([\w./-]*))?$/i.exec(share) ?? [];
    if (bucket === undefined) throw new SrvidError('SRVID_OPTION_INVALID', `--share ${share} is not of the form s3://bucket/prefix.`);
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env;
    if (!accessKeyId || !secretAccessKey) {
      throw new SrvidError('SRVID_OPTION_INVALID', `--share ${share} needs the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`);
    }
    const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
    const endpoint = process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'] ?? `https://s3.${region}.amazonaws.com`;
    const client = await s3Client({ accessKeyId, secretAccessKey, region, ...(sessionToken ? { sessionToken } : {}) });
    const storage = new S3Storage(client, `${endpoint.replace(/\/+$/, '')}/${bucket}`, prefix.replace(/\/*$/, prefix === '' ? '' : '/'));
    await storage.#request('look', 'GET', '?list-type=2&prefix=.srvid%2F', (response) => response.text());
    return storage;
  }

  async put(path: string, key: string): Promise<void> {
    await this.#request(
      `store ${path} as ${key}`,
      'PUT',
      key,
      async (response) => void (await response.arrayBuffer()),
      () => openAsBlob(path),
    );
  }

  async get(key: string, path: string): Promise<void> {
    const save = async (response: Response) => {
      const announced = Number(response.headers.get('content-length'));
      const file = createWriteStream(path);
      await pipeline(Readable.from(response.body ?? []), file);
      if (file.bytesWritten !== announced) throw new Error(`${file.bytesWritten} of ${announced} bytes came`);
    };
    await this.#request(`copy ${key} to ${path}`, 'GET', key, save).catch(async (error: unknown) => {
      await rm(path, { force: true });
      throw error;
    });
  }

  pathOf(): undefined {}

  async sizeOf(key: string): Promise<number | undefined> {
    return this.#request(`look at ${key}`, 'HEAD', key, async ({ status, headers }) => (status === 404 ? undefined : Number(headers.get('content-length'))));
  }

  async removeAll(part: string): Promise<void> {
    for (;;) {
      const listed = new URLSearchParams({ 'list-type': '2', prefix: `${this.prefix}${part}/` });
      const text = await this.#request(`list ${part}`, 'GET', `?${listed}`, (response) => response.text());
      const keys = [...text.matchAll(/<Key>([\w./-]+)<\/Key>/g)].map(([, key]) => (key as string).slice(this.prefix.length));
      if (keys.length === 0) return;
      for (const key of keys) await this.#request(`remove ${key}`, 'DELETE', key, async (response) => void (await response.arrayBuffer()));
    }
  }

  /** Makes a request, again where it fails in a way that may pass. @throws SRVID_SHARE_FAILED */
  async #request<Result>(
    tried: string,
    method: string,
    key: string,
    read: (response: Response) => Promise<Result>,
    body?: () => Promise<Blob>,
  ): Promise<Result> {
    const url = key.startsWith('?') ? `${this.bucket}/${key}` : `${this.bucket}/${this.prefix}${key}`;
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.client.fetch(url, { method, ...(body ? { body: await body() } : {}) });
        if (response.ok || (response.status === 404 && method === 'HEAD')) return await read(response);
        const said = /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1];
        throw new Refusal(response.status, `the server answered ${response.status}${said ? ` (${said})` : ''}`);
      } catch (error) {
        const isFinal = error instanceof Refusal && error.status < 500 && error.status !== 429;
        if (isFinal || attempt === ATTEMPTS) throw shareFailed(`${tried} in ${this.bucket}`, reasonOf(error), error);
        await setTimeout(FIRST_PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  }
}

/** An answer that says no. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** fetch says "fetch failed", and why in the cause. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? messageOf(error.cause) : messageOf(error);
}

/** A client that signs its requests, and leaves trying again to its caller. @throws SRVID_PACKAGE_MISSING */
async function s3Client(settings: ConstructorParameters<typeof AwsClient>[0]): Promise<AwsClient> {
  const { AwsClient } = await import('aws4fetch').catch((error: unknown) => {
    const message = 'A share in S3 needs the package aws4fetch, which is not installed. Install it beside srvid: npm install -g aws4fetch.';
    throw new SrvidError('SRVID_PACKAGE_MISSING', message, { package: 'aws4fetch' }, error);
  });
  return new AwsClient({ ...settings, service: 's3', retries: 0 });
}
