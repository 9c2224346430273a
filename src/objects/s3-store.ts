import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type * as S3 from '@aws-sdk/client-s3';
import type { S3Address } from '../config/root-address';
import { ExportError } from '../errors';
import type { Access } from './access';
import {
  type Content,
  type Listing,
  type Metadata,
  type ObjectBody,
  type ObjectHead,
  type Purpose,
  PIECE,
  type ReadRange,
  type StoredObject,
  type WritableStore,
  piecesOf,
} from './object-store';
import { readWhole } from './read-whole';
import { type Attempt, asStoreError, hasCode, hasStatus, unavailable, unlessAbsent } from './store-error';
import { withinTime } from './within-time';

type Driver = typeof S3;

/** What came of a try to create an object. `conflict`: the store did not decide, since another request was creating or deleting it. */
type Creation = 'created' | 'taken' | 'conflict';

/** So often a store may leave it undecided who is first. */
const MAX_CONFLICTS = 10;
const CONFLICT_MS = 100;
/** Code in the body of the answer, with which the store itself says that there is no such object. */
const NO_SUCH_KEY = 'NoSuchKey';

/**
 * Of the pieces of an object. An upload has to be begun with the checksum that its pieces will have: the Versity S3 Gateway refuses to complete
 * another one, and Amazon's documentation asks for it.
 */
const CHECKSUM = 'CRC32';

type Head = Pick<S3.HeadObjectCommandOutput, 'ContentLength' | 'ETag' | 'LastModified' | 'Metadata'>;

interface Opened {
  readonly bucket: string;
  readonly client: S3.S3Client;
  readonly driver: Driver;
  readonly purpose: Purpose;
}

/** A bucket of Amazon S3, or of a store that speaks its protocol. */
export class S3Store implements WritableStore {
  readonly #bucket: string;
  readonly #client: S3.S3Client;
  readonly #driver: Driver;
  readonly #purpose: Purpose;

  private constructor({ bucket, client, driver, purpose }: Opened) {
    this.#bucket = bucket;
    this.#client = client;
    this.#driver = driver;
    this.#purpose = purpose;
  }

  /** Asks nothing of the store. @throws ExportError CONFIG_INVALID, SECRET_UNAVAILABLE */
  static async open({ bucket }: Pick<S3Address, 'bucket'>, access: Access): Promise<S3Store> {
    const { storage, purpose } = access;
    const driver = loadDriver(purpose);
    const { endpoint, region } = storage;
    const client = new driver.S3Client({
      maxAttempts: 5,
      followRegionRedirects: true,
      requestHandler: { connectionTimeout: 10_000, requestTimeout: 60_000, throwOnRequestTimeout: true },
      ...(region !== undefined && { region }),
      // Stores that are no service of Amazon have one region, of any name, and no host for each bucket.
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true, region: region ?? 'us-east-1' }),
      ...(await credentialsOf(access)),
    });
    return new S3Store({ bucket, client, driver, purpose });
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
        { what: 'to list', signal },
        (abortSignal) => this.#client.send(page, { abortSignal }),
      );
      // A page of a proxy, which would look like a list of nothing.
      if (IsTruncated === undefined) throw unavailable(`s3://${this.#bucket}`, 'no list', this.#purpose);
      yield {
        objects: (Contents ?? []).map((object) => this.#objectOf(object)),
        folders: (CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []),
      };
      from = IsTruncated ? NextContinuationToken : undefined;
    } while (from !== undefined);
  }

  #objectOf({ Key, Size, ETag }: S3._Object): StoredObject {
    if (Key !== undefined && Size !== undefined && ETag !== undefined)
      return { key: Key, size: Size, etag: ETag };
    throw new ExportError(
      this.#purpose.refused,
      `The store of s3://${this.#bucket} lists an object without its size or ETag, so it could change unnoticed while it is read. Use a store that has both.`,
    );
  }

  async read({ key, etag }: StoredObject, { from, signal }: ReadRange): Promise<ObjectBody> {
    const get = new this.#driver.GetObjectCommand({
      ...this.#place(key),
      IfMatch: etag,
      ...(from > 0 && { Range: `bytes=${from}-` }),
    });
    const { Body } = await this.#attempt({ what: `to read ${key} of`, listed: key, signal }, (abortSignal) =>
      this.#client.send(get, { abortSignal }),
    );
    return { stream: Body as Readable, isUnpacked: false };
  }

  /**
   * Asks for the first byte: the answer to HEAD has no body, so its 404 may be that of a gateway before the store, or of a bucket that does not
   * exist. Only an empty object is asked for by HEAD, since it has no first byte.
   */
  async head(key: string): Promise<ObjectHead | undefined> {
    const found = await this.#attempt({ what: `to read ${key} of` }, (abortSignal) =>
      unlessAbsent(this.#firstByte(key, abortSignal), NO_SUCH_KEY),
    );
    return found && headOf(key, found);
  }

  async #firstByte(key: string, abortSignal: AbortSignal): Promise<Head> {
    const get = new this.#driver.GetObjectCommand({ ...this.#place(key), Range: 'bytes=0-0' });
    try {
      const { Body, ContentRange, ...head } = await this.#client.send(get, { abortSignal });
      const [, size] = /\/(\d+)$/.exec(ContentRange ?? '') ?? [];
      if (size === undefined) (Body as Readable).destroy();
      // So that the connection is free for the next request.
      else (Body as Readable).on('error', () => undefined).resume();
      return size === undefined ? head : { ...head, ContentLength: Number(size) };
    } catch (error) {
      if (!hasStatus(error, 416)) throw error;
      return this.#client.send(new this.#driver.HeadObjectCommand(this.#place(key)), { abortSignal });
    }
  }

  async get(key: string): Promise<{ readonly head: ObjectHead; readonly bytes: Buffer } | undefined> {
    return readWhole({ store: `s3://${this.#bucket}`, purpose: this.#purpose }, async () => {
      const get = new this.#driver.GetObjectCommand(this.#place(key));
      const found = await this.#attempt({ what: `to read ${key} of` }, (abortSignal) =>
        unlessAbsent(this.#client.send(get, { abortSignal }), NO_SUCH_KEY),
      );
      return found && { head: headOf(key, found), stream: found.Body as Readable };
    });
  }

  async create(
    key: string,
    content: Content,
    { metadata, inPieces = content.size > PIECE }: { metadata: Metadata; inPieces?: boolean },
  ): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      const creation = inPieces
        ? await this.#createInPieces(key, content, metadata)
        : await this.#createAtOnce(key, content, metadata);
      if (creation !== 'conflict') return creation === 'created';
      if (tries === MAX_CONFLICTS)
        throw unavailable(`s3://${this.#bucket}`, 'ConditionalRequestConflict', this.#purpose);
      await delay(CONFLICT_MS * tries);
    }
  }

  async #createAtOnce(key: string, { size, read }: Content, metadata: Metadata): Promise<Creation> {
    const put = new this.#driver.PutObjectCommand({
      ...this.#place(key),
      IfNoneMatch: '*',
      Body: await read(0, size),
      Metadata: { ...metadata },
    });
    return this.#attempt({ what: `to create ${key} in` }, async (abortSignal) => {
      try {
        await this.#client.send(put, { abortSignal });
        return 'created';
      } catch (error) {
        if (hasStatus(error, 412)) return 'taken';
        if (hasStatus(error, 409)) return 'conflict';
        throw error;
      }
    });
  }

  /** The condition is that of the request which completes it, so the pieces of a lost race are sent for nothing: they are deleted. */
  async #createInPieces(key: string, content: Content, metadata: Metadata): Promise<Creation> {
    if (content.size > PIECE && (await this.head(key))) return 'taken';
    const what = `to create ${key} in`;
    const send = <Result>(request: (abortSignal: AbortSignal) => Promise<Result>) =>
      this.#attempt({ what }, request);
    const place = this.#place(key);
    const begin = new this.#driver.CreateMultipartUploadCommand({
      ...place,
      ChecksumAlgorithm: CHECKSUM,
      Metadata: { ...metadata },
    });
    const { UploadId } = await send((abortSignal) => this.#client.send(begin, { abortSignal }));
    let isCreated = false;
    try {
      const parts: S3.CompletedPart[] = [];
      for await (const Body of piecesOf(content)) {
        const PartNumber = parts.length + 1;
        const piece = new this.#driver.UploadPartCommand({
          ...place,
          UploadId,
          PartNumber,
          Body,
          ChecksumAlgorithm: CHECKSUM,
        });
        const { ETag, ChecksumCRC32 } = await send((abortSignal) =>
          this.#client.send(piece, { abortSignal }),
        );
        parts.push({ PartNumber, ETag, ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }) });
      }
      const complete = new this.#driver.CompleteMultipartUploadCommand({
        ...place,
        UploadId,
        IfNoneMatch: '*',
        MultipartUpload: { Parts: parts },
      });
      const creation = await send(async (abortSignal): Promise<Creation> => {
        try {
          await this.#client.send(complete, { abortSignal });
          return 'created';
        } catch (error) {
          if (hasStatus(error, 412)) return 'taken';
          // It has to be sent again, from the first piece on. So it has when the upload is gone: completed before, or given up by another.
          if (hasStatus(error, 409) || hasCode(error, 'NoSuchUpload')) return 'conflict';
          throw error;
        }
      });
      isCreated = creation === 'created';
      return creation;
    } finally {
      if (!isCreated) await this.#abort(key, UploadId);
    }
  }

  /** What cannot be deleted now is deleted by a rule of the bucket, as the docs advise. */
  async #abort(key: string, UploadId: string | undefined): Promise<void> {
    const abort = new this.#driver.AbortMultipartUploadCommand({ ...this.#place(key), UploadId });
    await withinTime(undefined, (abortSignal) => this.#client.send(abort, { abortSignal })).catch(
      () => undefined,
    );
  }

  async remove(key: string): Promise<void> {
    const remove = new this.#driver.DeleteObjectCommand(this.#place(key));
    // Where there is no such object, the store answers 204 too: a 404 is of a gateway before it, and nothing was deleted.
    await this.#attempt({ what: `to delete ${key} of` }, (abortSignal) =>
      this.#client.send(remove, { abortSignal }),
    );
  }

  #place(key: string) {
    return { Bucket: this.#bucket, Key: key };
  }

  async #attempt<Result>(
    attempt: Omit<Attempt, 'store' | 'purpose'>,
    send: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const purpose = this.#purpose;
    try {
      return await withinTime(attempt.signal, send);
    } catch (error) {
      throw isWithoutRegion(error)
        ? new ExportError(
            'CONFIG_INVALID',
            `The region of s3://${this.#bucket} is not known. Set ${purpose.section}.region in ${purpose.owner}, or AWS_REGION.`,
          )
        : asStoreError(error, { ...attempt, store: `s3://${this.#bucket}`, purpose });
    }
  }

  close(): void {
    this.#client.destroy();
  }
}

function headOf(key: string, { ContentLength, ETag, LastModified, Metadata }: Head): ObjectHead {
  return {
    key,
    size: ContentLength ?? 0,
    etag: ETag ?? '',
    createdMs: LastModified?.getTime() ?? 0,
    metadata: Metadata ?? {},
  };
}

function isWithoutRegion(error: unknown): boolean {
  return (error as Error).message === 'Region is missing';
}

async function credentialsOf({ storage, secrets }: Access): Promise<Pick<S3.S3ClientConfig, 'credentials'>> {
  const { accessKeyId, secretAccessKey, sessionToken } = storage;
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
function loadDriver({ needs }: Purpose): Driver {
  try {
    return require('@aws-sdk/client-s3') as typeof S3;
  } catch {
    throw new ExportError(
      'CONFIG_INVALID',
      `${needs} needs the package @aws-sdk/client-s3, which is not installed. Install it beside this package: npm install @aws-sdk/client-s3`,
    );
  }
}
