import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type * as Identity from '@azure/identity';
import type * as Blob from '@azure/storage-blob';
import type { AzureAddress } from '../config/root-address';
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

const RETRIES = { maxTries: 5, tryTimeoutInMs: 60_000, retryDelayInMs: 200, maxRetryDelayInMs: 5000 };
/** So often the blocks of a blob may be dropped before it is put together. */
const MAX_TRIES = 5;
/** In a header of the answer, also to HEAD: the store itself says that there is no such object. */
const BLOB_NOT_FOUND = 'BlobNotFound';
const ONLY_NEW = { ifNoneMatch: '*' } as const;

/** A container of Azure Blob Storage, or a file system of Data Lake Gen2 by its blob endpoint. */
export class AzureStore implements WritableStore {
  /** For messages. */
  readonly #name: string;
  readonly #container: Blob.ContainerClient;
  readonly #purpose: Purpose;

  private constructor(name: string, container: Blob.ContainerClient, purpose: Purpose) {
    this.#name = name;
    this.#container = container;
    this.#purpose = purpose;
  }

  /** Asks nothing of the store. @throws ExportError CONFIG_INVALID, SECRET_UNAVAILABLE */
  static async open(root: Omit<AzureAddress, 'kind' | 'prefix'>, access: Access): Promise<AzureStore> {
    const { storage, secrets, purpose } = access;
    const driver = loadDriver(purpose);
    const url = `${(storage.endpoint ?? root.endpoint).replace(/\/+$/, '')}/${root.container}`;
    const options = { retryOptions: RETRIES };
    const name = `az://${root.account}/${root.container}`;
    if (storage.sas !== undefined) {
      const sas = (await secrets.resolve(storage.sas)).replace(/^\?/, '');
      if (!/(^|&)sig=/.test(sas) || /[\s?#/]/.test(sas.replace(/(^|&)(st|se|spr|sip|sig)=[^&]*/g, '')))
        throw new ExportError(
          'CONFIG_INVALID',
          `The secret ${storage.sas} is no shared access signature: it is the part of an address after the question mark, such as sv=…&sp=rl&sig=…. Correct it.`,
        );
      return new AzureStore(name, new driver.ContainerClient(`${url}?${sas}`, undefined, options), purpose);
    }
    const credential = await credentialOf(driver, root.account, access);
    return new AzureStore(name, new driver.ContainerClient(url, credential, options), purpose);
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<Listing> {
    let from: string | undefined;
    do {
      // Each page by a client of its own, so that each has the whole time.
      const { segment, continuationToken } = await this.#attempt(
        { what: 'to list', signal },
        async (abortSignal) => {
          const listed = this.#container.listBlobsByHierarchy('/', {
            prefix,
            includeMetadata: true,
            abortSignal,
          });
          const pages = listed.byPage({
            maxPageSize: 5000,
            ...(from !== undefined && { continuationToken: from }),
          });
          const { value } = (await pages.next()) as {
            value?: Blob.ContainerListBlobHierarchySegmentResponse;
          };
          return value ?? { segment: undefined, continuationToken: undefined };
        },
      );
      yield {
        objects: (segment?.blobItems ?? []).filter((blob) => !isFolder(blob)).map(objectOf),
        folders: (segment?.blobPrefixes ?? []).map(({ name }) => name),
      };
      from = continuationToken === '' ? undefined : continuationToken;
    } while (from !== undefined);
  }

  async read({ key, etag }: StoredObject, { from, signal }: ReadRange): Promise<ObjectBody> {
    const { readableStreamBody, contentEncoding } = await this.#attempt(
      { what: `to read ${key} of`, listed: key, signal },
      (abortSignal) =>
        this.#container
          .getBlobClient(key)
          .download(from, undefined, { conditions: { ifMatch: etag }, maxRetryRequests: 0, abortSignal }),
    );
    // The client unpacks these two.
    const isUnpacked = contentEncoding === 'gzip' || contentEncoding === 'deflate';
    return { stream: readableStreamBody as Readable, isUnpacked };
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    const found = await this.#attempt({ what: `to read ${key} of` }, (abortSignal) =>
      unlessAbsent(this.#container.getBlobClient(key).getProperties({ abortSignal }), BLOB_NOT_FOUND),
    );
    return found && headOf(key, found);
  }

  async get(key: string): Promise<{ readonly head: ObjectHead; readonly bytes: Buffer } | undefined> {
    return readWhole({ store: this.#name, purpose: this.#purpose }, async () => {
      const found = await this.#attempt({ what: `to read ${key} of` }, (abortSignal) =>
        unlessAbsent(
          this.#container.getBlobClient(key).download(0, undefined, { maxRetryRequests: 0, abortSignal }),
          BLOB_NOT_FOUND,
        ),
      );
      return found && { head: headOf(key, found), stream: found.readableStreamBody as Readable };
    });
  }

  async create(
    key: string,
    content: Content,
    { metadata, inPieces = content.size > PIECE }: { metadata: Metadata; inPieces?: boolean },
  ): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      const isCreated = inPieces
        ? await this.#createInBlocks(key, content, metadata)
        : await this.#createAtOnce(key, content, metadata);
      if (isCreated !== undefined) return isCreated;
      if (tries === MAX_TRIES) throw unavailable(this.#name, 'InvalidBlockList', this.#purpose);
    }
  }

  async #createAtOnce(key: string, { size, read }: Content, metadata: Metadata): Promise<boolean> {
    const bytes = await read(0, size);
    return this.#attempt({ what: `to create ${key} in` }, (abortSignal) =>
      unlessTaken(
        this.#container
          .getBlockBlobClient(key)
          .upload(bytes, size, { conditions: ONLY_NEW, metadata: { ...metadata }, abortSignal }),
      ),
    );
  }

  /**
   * Blocks that are not put together are deleted by the service, after a week at the latest, or when another call puts its own together.
   * @returns undefined: that has happened to these, and they have to be sent again
   */
  async #createInBlocks(key: string, content: Content, metadata: Metadata): Promise<boolean | undefined> {
    if (content.size > PIECE && (await this.head(key))) return false;
    const what = `to create ${key} in`;
    const blob = this.#container.getBlockBlobClient(key);
    const own = randomBytes(6).toString('hex');
    const blocks: string[] = [];
    for await (const bytes of piecesOf(content)) {
      const number = String(blocks.length).padStart(6, '0');
      // All names of the blocks of a blob have one length.
      const block = Buffer.from(`${own}-${number}`).toString('base64');
      await this.#attempt({ what }, (abortSignal) =>
        blob.stageBlock(block, bytes, bytes.length, { abortSignal }),
      );
      blocks.push(block);
    }
    return this.#attempt({ what }, async (abortSignal) => {
      try {
        return await unlessTaken(
          blob.commitBlockList(blocks, { conditions: ONLY_NEW, metadata: { ...metadata }, abortSignal }),
        );
      } catch (error) {
        if (hasCode(error, 'InvalidBlockList')) return undefined;
        throw error;
      }
    });
  }

  async remove(key: string): Promise<void> {
    await this.#attempt({ what: `to delete ${key} of` }, (abortSignal) =>
      unlessAbsent(
        this.#container.getBlobClient(key).delete({ deleteSnapshots: 'include', abortSignal }),
        BLOB_NOT_FOUND,
      ),
    );
  }

  async #attempt<Result>(
    attempt: Omit<Attempt, 'store' | 'purpose'>,
    send: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await withinTime(attempt.signal, send);
    } catch (error) {
      throw asStoreError(error, { ...attempt, store: this.#name, purpose: this.#purpose });
    }
  }

  close(): void {
    // Its connections are those of the process, which end by themselves.
  }
}

/** Data Lake Gen2 has an empty blob for each folder. */
function isFolder({ metadata }: Blob.BlobItem): boolean {
  return metadata?.['hdi_isfolder'] === 'true' || metadata?.['Hdi_isfolder'] === 'true';
}

function objectOf({ name, properties }: Blob.BlobItem): StoredObject {
  const { etag, contentLength = 0, contentMD5 } = properties;
  return {
    key: name,
    size: contentLength,
    // A list has it without the quotes of a header.
    etag: etag.startsWith('"') ? etag : `"${etag}"`,
    ...(contentMD5 && contentMD5.length > 0 && { md5: Buffer.from(contentMD5) }),
  };
}

function headOf(
  key: string,
  { contentLength, etag, createdOn, lastModified, metadata }: Blob.BlobGetPropertiesResponse,
): ObjectHead {
  return {
    key,
    size: contentLength ?? 0,
    etag: etag ?? '',
    createdMs: (createdOn ?? lastModified)?.getTime() ?? 0,
    metadata: metadata ?? {},
  };
}

/** @returns false where the key is taken */
async function unlessTaken(creating: Promise<unknown>): Promise<boolean> {
  try {
    await creating;
    return true;
  } catch (error) {
    if (hasStatus(error, 412) || hasCode(error, 'BlobAlreadyExists')) return false;
    throw error;
  }
}

async function credentialOf(driver: typeof Blob, account: string, { storage, secrets, purpose }: Access) {
  if (storage.accountKey !== undefined) {
    const key = await secrets.resolve(storage.accountKey);
    return new driver.StorageSharedKeyCredential(account, key);
  }
  const { DefaultAzureCredential } = loadIdentity(purpose);
  return new DefaultAzureCredential();
}

/** `require`, since the packages are installed only by those who need them. */
function loadDriver({ needs }: Purpose): typeof Blob {
  try {
    return require('@azure/storage-blob') as typeof Blob;
  } catch {
    throw new ExportError(
      'CONFIG_INVALID',
      `${needs} needs the package @azure/storage-blob, which is not installed. Install it beside this package: npm install @azure/storage-blob`,
    );
  }
}

function loadIdentity({ needs, section }: Purpose): typeof Identity {
  try {
    return require('@azure/identity') as typeof Identity;
  } catch {
    throw new ExportError(
      'CONFIG_INVALID',
      `${needs} without ${section}.sas and ${section}.accountKey needs the package @azure/identity, which is not installed. Install it beside this package: npm install @azure/identity`,
    );
  }
}
