/** Where the files of a source are. */
export type RootAddress = { readonly kind: 'folder'; readonly path: string } | ObjectAddress;

/** Of a store of objects. A prefix has no slash at its ends; '' is the whole bucket or container. */
export type ObjectAddress = S3Address | AzureAddress;

export interface S3Address {
  readonly kind: 's3';
  readonly bucket: string;
  readonly prefix: string;
}

export interface AzureAddress {
  readonly kind: 'azure';
  readonly account: string;
  /** Of the blob service. */
  readonly endpoint: string;
  readonly container: string;
  readonly prefix: string;
}

const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s;
const AZ = /^az:\/\/([a-z0-9][a-z0-9-]*)((?:\.[a-z0-9-]+)*)\/([a-z0-9$][a-z0-9-]*)(?:\/(.*))?$/s;
const ABFS = /^abfss?:\/\/([a-z0-9$][a-z0-9-]*)@([a-z0-9][a-z0-9-]*)((?:\.[a-z0-9-]+)+)(?:\/(.*))?$/s;
const AZURE_URL =
  /^https:\/\/([a-z0-9][a-z0-9-]*)(\.(?:blob|dfs)(?:\.[a-z0-9-]+)+)\/([a-z0-9$][a-z0-9-]*)(?:\/(.*))?$/s;

/** Loads nothing, so that a source can read it too. Undefined for a text that looks like an address and is none. */
export function parseRoot(text: string): RootAddress | undefined {
  const s3 = S3.exec(text);
  if (s3) return withPrefix({ kind: 's3' as const, bucket: s3[1] ?? '' }, s3[2]);
  const abfs = ABFS.exec(text);
  if (abfs) return azureRoot([abfs[2], abfs[3], abfs[1], abfs[4]]);
  const azure = AZ.exec(text) ?? AZURE_URL.exec(text);
  if (azure) return azureRoot(azure.slice(1));
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text) ? undefined : { kind: 'folder', path: text };
}

function azureRoot([account = '', domain = '', container = '', prefix]: readonly (string | undefined)[]):
  RootAddress | undefined {
  // The blob endpoint serves what the one of the lake (dfs) serves.
  const host = `${account}${(domain === '' ? '.blob.core.windows.net' : domain).replace(/^\.dfs\./, '.blob.')}`;
  return withPrefix({ kind: 'azure' as const, account, endpoint: `https://${host}`, container }, prefix);
}

function withPrefix<Place extends object>(place: Place, text = ''): (Place & { prefix: string }) | undefined {
  const steps = text.split('/').filter((step) => step !== '');
  return steps.some((step) => step === '.' || step === '..')
    ? undefined
    : { ...place, prefix: steps.join('/') };
}
