import { z } from 'zod';
import { parseRoot } from './root-address';
import type { SecretReferenceSchema } from './secret-reference';

/** Also that of references for a SecretResolver of the host's own. */
type Reference = typeof SecretReferenceSchema;

const NO_ADDRESS =
  'a folder, s3://BUCKET/PREFIX or az://ACCOUNT/CONTAINER/PREFIX (also abfss:// and https:// as Azure writes them)';

export const RootSchema = z
  .string()
  .min(1)
  .refine((text) => !/^https:\/\/[^/?#]*@|^[a-z0-9]+:\/\/.*[?&]sig=/i.test(text), {
    error:
      'an address without a signature: put the SAS into a variable or a file, and name that as storage.sas',
    abort: true,
  })
  .refine((text) => parseRoot(text) !== undefined, NO_ADDRESS);

/** @param reference how the configuration names secrets */
export function storageSchema(reference: Reference) {
  return z.strictObject({
    endpoint: z
      .url({ protocol: /^https?$/, error: 'a URL that starts with https:// or http://' })
      .refine((url) => !/[?#]|^[^/]*\/\/[^/]*@/.test(url), 'a URL without user, password and signature')
      .optional()
      .describe(
        'Of a store that is compatible, or of an emulator; for Azure with the account. Default: that of the provider.',
      ),
    region: z
      .string()
      .regex(/^[a-z0-9-]+$/)
      .optional()
      .describe('Of the bucket. Default: AWS_REGION, or the profile of the AWS configuration.'),
    accessKeyId: reference
      .optional()
      .describe('S3, by reference. Default: what the AWS SDK finds, such as the role of the machine.'),
    secretAccessKey: reference.optional().describe('S3, by reference.'),
    sessionToken: reference.optional().describe('S3, by reference, for keys that expire.'),
    sas: reference.optional().describe('Azure: a shared access signature, by reference.'),
    accountKey: reference
      .optional()
      .describe('Azure: a key of the account, by reference. Without sas and accountKey: Microsoft Entra.'),
  });
}

/** How a source comes to its objects. Secrets by reference. */
export type StorageConfig = z.infer<ReturnType<typeof storageSchema>>;

/** Of a source: where its relative paths start, and how it comes to them. */
export interface RootedConfig {
  readonly root?: string | undefined;
  readonly storage?: StorageConfig | undefined;
}

const OF_S3 = ['region', 'accessKeyId', 'secretAccessKey', 'sessionToken'] as const;
const OF_AZURE = ['sas', 'accountKey'] as const;

/** Adds an issue for each setting of `storage` that does not fit `root`. */
export function checkStorage({ root: text = '.', storage }: RootedConfig, context: z.RefinementCtx): void {
  const root = parseRoot(text);
  if (!storage || !root) return;
  const issue = (message: string, field?: string) =>
    context.addIssue({ code: 'custom', message, path: ['storage', ...(field === undefined ? [] : [field])] });
  if (root.kind === 'folder') {
    issue('only for a root that is s3://… or az://…');
    return;
  }
  const [others, name] = root.kind === 's3' ? [OF_AZURE, 'Azure'] : [OF_S3, 'S3'];
  for (const field of others) if (storage[field] !== undefined) issue(`only for a root on ${name}`, field);
  if ((storage.accessKeyId === undefined) !== (storage.secretAccessKey === undefined))
    issue('accessKeyId and secretAccessKey belong together: set both, or neither');
  if (storage.sessionToken !== undefined && storage.accessKeyId === undefined)
    issue('it belongs to accessKeyId and secretAccessKey: set them too', 'sessionToken');
  if (storage.sas !== undefined && storage.accountKey !== undefined)
    issue('set sas or accountKey, and not both');
  const usesEntra = root.kind === 'azure' && storage.sas === undefined && storage.accountKey === undefined;
  if (usesEntra && storage.endpoint?.startsWith('http://') === true)
    issue(
      'a URL that starts with https://, since Microsoft Entra is used without sas and accountKey',
      'endpoint',
    );
}
