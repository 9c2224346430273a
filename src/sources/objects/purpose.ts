import type { Purpose } from '../../objects/object-store';

const READING = {
  unavailable: 'SOURCE_UNAVAILABLE',
  refused: 'SOURCE_UNREADABLE',
  full: 'SOURCE_UNAVAILABLE',
  consequence: 'Nothing that was read is used.',
  place: 'root',
  section: 'storage',
  owner: 'the source',
  archived: 'Restore it, or name other files.',
} as const;

const PURPOSES: Readonly<Record<'s3' | 'azure', Purpose>> = {
  s3: {
    ...READING,
    needs: 'A root that is s3://…',
    grant:
      'may s3:ListBucket and s3:GetObject there (and kms:Decrypt, where the bucket has a key of its own)',
  },
  azure: {
    ...READING,
    needs: 'A root that is az://…',
    grant:
      'has the role Storage Blob Data Reader on the container, or a SAS with the permissions read and list (sp=rl)',
  },
};

/** Why a source asks a store. */
export function purposeOf(kind: 's3' | 'azure'): Purpose {
  return PURPOSES[kind];
}
