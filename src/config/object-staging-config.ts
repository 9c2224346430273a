import { z } from 'zod';
import { storageSchema } from './object-config';
import type { SecretReferenceSchema } from './secret-reference';

/** Also that of references for a SecretResolver of the host's own. */
type Reference = typeof SecretReferenceSchema;

const PrefixSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/,
    'names of letters, digits, "_", "-" and ".", with a slash between them, for example mailchimp/staging',
  )
  .default('')
  .describe('All keys begin with it. One store for each prefix. Default: the whole bucket or container.');

/** @param reference how the configuration names secrets */
export function s3StagingSchema(reference: Reference) {
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken } = storageSchema(reference).shape;
  return z
    .strictObject({
      bucket: z
        .string()
        .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket')
        .describe('Name of the bucket.'),
      prefix: PrefixSchema,
      endpoint,
      region,
      accessKeyId,
      secretAccessKey,
      sessionToken,
    })
    .refine(
      ({ accessKeyId: id, secretAccessKey: key }) => (id === undefined) === (key === undefined),
      'accessKeyId and secretAccessKey belong together: set both, or neither',
    )
    .refine(({ sessionToken: token, accessKeyId: id }) => token === undefined || id !== undefined, {
      error: 'it belongs to accessKeyId and secretAccessKey: set them too',
      path: ['sessionToken'],
    });
}

/** @param reference how the configuration names secrets */
export function azureStagingSchema(reference: Reference) {
  const { endpoint, sas, accountKey } = storageSchema(reference).shape;
  return z
    .strictObject({
      account: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]*$/, 'the name of a storage account')
        .describe('Name of the storage account.'),
      container: z
        .string()
        .regex(/^[a-z0-9$][a-z0-9-]*$/, 'the name of a container')
        .describe('Name of the container.'),
      prefix: PrefixSchema,
      endpoint,
      sas,
      accountKey,
    })
    .refine(
      ({ sas: signature, accountKey: key }) => signature === undefined || key === undefined,
      'set sas or accountKey, and not both',
    )
    .refine(
      ({ sas: signature, accountKey: key, endpoint: url }) =>
        signature !== undefined || key !== undefined || url?.startsWith('http://') !== true,
      {
        error: 'a URL that starts with https://, since Microsoft Entra is used without sas and accountKey',
        path: ['endpoint'],
      },
    );
}
