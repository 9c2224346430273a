import type { Readable } from 'node:stream';
import type * as S3 from '@aws-sdk/client-s3';
import type { StorageConfig } from '../../config/object-config';
import type { S3Address } from '../../config/root-address';
import { ExportError } from '../../errors';
import type { SecretResolver } from '../../ports/secrets';
import type { Listing, ObjectBody, ObjectStore, ReadRange, StoredObject } from './object-store';
import { type Attempt, asStoreError } from './store-error';
import { withinTime } from './within-time';

const GRANT =
  'may s3:ListBucket and s3:GetObject there (and kms:Decrypt, where the bucket has a key of its own)';

type Driver = Pick<typeof S3, 'S3Client' | 'ListObjectsV2Command' | 'GetObjectCommand'>;

/** A bucket of Amazon S3, or of a store that speaks its protocol. */
export class S3Store implements ObjectStore {
  readonly #bucket: string;
  readonly #client: S3.S3Client;
  readonly #driver: Driver;

  private constructor(bucket: string, client: S3.S3Client, driver: Driver) {
    this.#bucket = bucket;
    this.#client = client;
    this.#driver = driver;
  }

  /** Asks nothing of the store. @throws ExportError CONFIG_INVALID, SECRET_UNAVAILABLE */
  static async open(
    { bucket }: S3Address,
    storage: StorageConfig,
    secrets: SecretResolver,
  ): Promise<S3Store> {
    const driver = loadDriver();
    const { endpoint, region } = storage;
    const client = new driver.S3Client({
      maxAttempts: 5,
      followRegionRedirects: true,
      requestHandler: { connectionTimeout: 10_000, requestTimeout: 60_000, throwOnRequestTimeout: true },
      ...(region !== undefined && { region }),
      // Stores that are no service of Amazon have one region, of any name, and no host for each bucket.
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true, region: region ?? 'us-east-1' }),
      ...(await credentialsOf(storage, secrets)),
    });
    return new S3Store(bucket, client, driver);
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<Listing> {
    let from: string | undefined;
    do {
      const page = new this.#driver.ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        Delimiter: '/',
        ContinuationToken: from,
      });
      const { Contents, CommonPrefixes, IsTruncated, NextContinuationToken } = await this.#attempt(
        { signal },
        (abortSignal) => this.#client.send(page, { abortSignal }),
      );
      yield {
        objects: (Contents ?? []).map((object) => this.#objectOf(object)),
        folders: (CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []),
      };
      from = IsTruncated === true ? NextContinuationToken : undefined;
    } while (from !== undefined);
  }

  #objectOf({ Key, Size, ETag }: S3._Object): StoredObject {
    if (Key !== undefined && Size !== undefined && ETag !== undefined)
      return { key: Key, size: Size, etag: ETag };
    throw new ExportError(
      'SOURCE_UNREADABLE',
      `The store of s3://${this.#bucket} lists an object without its size or ETag, so it could change unnoticed while it is read. Use a store that has both.`,
    );
  }

  async read({ key, etag }: StoredObject, { from, signal }: ReadRange): Promise<ObjectBody> {
    const get = new this.#driver.GetObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      IfMatch: etag,
      ...(from > 0 && { Range: `bytes=${from}-` }),
    });
    const { Body } = await this.#attempt({ signal, key }, (abortSignal) =>
      this.#client.send(get, { abortSignal }),
    );
    return { stream: Body as Readable, isUnpacked: false };
  }

  async #attempt<Result>(
    attempt: Pick<Attempt, 'signal' | 'key'>,
    send: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await withinTime(attempt.signal, send);
    } catch (error) {
      throw isWithoutRegion(error)
        ? new ExportError(
            'CONFIG_INVALID',
            `The region of s3://${this.#bucket} is not known. Set storage.region in the source, or AWS_REGION.`,
          )
        : asStoreError(error, { ...attempt, store: `s3://${this.#bucket}`, grant: GRANT });
    }
  }

  close(): void {
    this.#client.destroy();
  }
}

function isWithoutRegion(error: unknown): boolean {
  return (error as Error).message === 'Region is missing';
}

async function credentialsOf(
  { accessKeyId, secretAccessKey, sessionToken }: StorageConfig,
  secrets: SecretResolver,
): Promise<Pick<S3.S3ClientConfig, 'credentials'>> {
  if (accessKeyId === undefined || secretAccessKey === undefined) return {};
  return {
    credentials: {
      accessKeyId: await secrets.resolve(accessKeyId),
      secretAccessKey: await secrets.resolve(secretAccessKey),
      ...(sessionToken !== undefined && { sessionToken: await secrets.resolve(sessionToken) }),
    },
  };
}

/** `require`, since the package is installed only by those who need it. */
function loadDriver(): Driver {
  try {
    return require('@aws-sdk/client-s3') as typeof S3;
  } catch {
    throw new ExportError(
      'CONFIG_INVALID',
      'A root that is s3://… needs the package @aws-sdk/client-s3, which is not installed. Install it beside this package: npm install @aws-sdk/client-s3',
    );
  }
}
