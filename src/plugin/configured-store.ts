import { resolve } from 'node:path';
import type { WorkerConfig } from '../config/config';
import { secretResolver } from '../config/secrets';
import { AzureStore } from '../objects/azure-store';
import type { Purpose } from '../objects/object-store';
import { S3Store } from '../objects/s3-store';
import type { SecretResolver } from '../ports/secrets';
import type { StagingStore } from '../ports/staging-store';
import { FolderStore, ObjectStagingStore, reserveTemporaryFolder } from '../staging';

type StagingConfig = WorkerConfig['staging'];

/**
 * The store of a configuration, for a worker. Asks nothing of it.
 * @param baseFolder where relative paths start
 */
export function configuredStore(
  staging: StagingConfig,
  baseFolder: string,
  secrets: SecretResolver = secretResolver(baseFolder),
): StagingStore {
  const workFolder = resolve(baseFolder, staging.folder);
  return objectsOf(staging, { workFolder, secrets }) ?? new FolderStore(workFolder);
}

/**
 * The same for a command, which leaves the worker's folder as it is: copies of objects go into a temporary folder of the system, and are
 * deleted when the process ends.
 */
export function configuredStoreToRead(staging: StagingConfig, baseFolder: string): StagingStore {
  const secrets = secretResolver(baseFolder, 'this environment');
  return isServed(staging)
    ? configuredStore({ ...staging, folder: temporaryFolder() }, baseFolder, secrets)
    : configuredStore(staging, baseFolder, secrets);
}

/** Whether it is a bucket or a container, which all workers reach. */
export function isServed({ s3, azure }: StagingConfig): boolean {
  return s3 !== undefined || azure !== undefined;
}

let temporary: string | undefined;

/** One for the process, made when a file is fetched. */
const temporaryFolder = (): string => (temporary ??= reserveTemporaryFolder());

/** Where the store is, in words. */
export function addressOf({ s3, azure, folder }: StagingConfig): string {
  if (s3) return withPrefix(`s3://${s3.bucket}`, s3.prefix);
  if (azure) return withPrefix(`az://${azure.account}/${azure.container}`, azure.prefix);
  return folder;
}

function withPrefix(place: string, prefix: string): string {
  return prefix === '' ? place : `${place}/${prefix}`;
}

interface Local {
  readonly workFolder: string;
  readonly secrets: SecretResolver;
}

function objectsOf(staging: StagingConfig, { workFolder, secrets }: Local): StagingStore | undefined {
  const { s3, azure } = staging;
  const local = { address: addressOf(staging), workFolder, cacheLimit: bytesOf(staging.cacheLimit) };
  if (s3) {
    const { bucket, prefix, ...storage } = s3;
    const access = { storage, secrets, purpose: S3 };
    const connect = () => S3Store.open({ bucket }, access);
    return new ObjectStagingStore({ ...local, kind: 's3', prefix, purpose: S3, connect });
  }
  if (azure) {
    const { account, container, prefix, ...storage } = azure;
    const place = { account, container, endpoint: `https://${account}.blob.core.windows.net` };
    const access = { storage, secrets, purpose: AZURE };
    const connect = () => AzureStore.open(place, access);
    return new ObjectStagingStore({ ...local, kind: 'azure', prefix, purpose: AZURE, connect });
  }
  return undefined;
}

/** All of it passes, or is put right by a person while steps are tried again. */
const STAGING = {
  unavailable: 'STAGING_FAILED',
  refused: 'STAGING_FAILED',
  full: 'DISK_FULL',
  consequence: 'Nothing was lost.',
  owner: 'the configuration',
  archived: 'Restore it, and exclude the prefix from the rule that archives.',
} as const;

const S3: Purpose = {
  ...STAGING,
  needs: 'staging.s3',
  place: 'staging.s3.bucket',
  section: 'staging.s3',
  grant:
    'may s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload there (and kms:Decrypt and kms:GenerateDataKey, where the bucket has a key of its own)',
};

const AZURE: Purpose = {
  ...STAGING,
  needs: 'staging.azure',
  place: 'staging.azure.container',
  section: 'staging.azure',
  grant:
    'has the role Storage Blob Data Contributor on the container, or a SAS with the permissions read, create, write, delete and list (sp=rcwdl)',
};

/** @param text as `10GB` */
function bytesOf(text: string): number {
  return Number.parseInt(text, 10) * (text.endsWith('GB') ? 1e9 : 1e6);
}
