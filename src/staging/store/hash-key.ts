import { createHmac, randomBytes } from 'node:crypto';
import { ExportError } from '../../errors';
import type { StagingStore } from '../../ports/staging-store';
import { HASH_KEY } from './layout';
import { readDocument, sealDocument } from './sealed-files';

/** The key with which a store hashes addresses that it must recognise and may not keep. Made when it is needed first, and never changed. */
interface HashKeyDocument {
  readonly algorithm: 'hmac-sha256';
  /** In hexadecimal digits. */
  readonly key: string;
}

const BYTES = 32;

export async function requireHashKey(store: StagingStore): Promise<string> {
  const known = await findHashKey(store);
  if (known !== undefined) return known;
  const made: HashKeyDocument = { algorithm: 'hmac-sha256', key: randomBytes(BYTES).toString('hex') };
  await sealDocument(store, HASH_KEY, made);
  // Another process may have been first.
  return (await findHashKey(store)) ?? made.key;
}

/** Undefined: no address was hashed yet. */
export async function findHashKey(store: StagingStore): Promise<string | undefined> {
  return (await readDocument<HashKeyDocument>(store, HASH_KEY))?.key;
}

/** @throws ExportError STAGING_CORRUPT: without the key, people who are kept out would be sent */
export function missingHashKey(): ExportError {
  return new ExportError(
    'STAGING_CORRUPT',
    `Nothing was sent: ${HASH_KEY} is not in the staging store, so people who are kept out would not be recognised. Restore it from a backup.`,
  );
}

export function hashOf(key: string, address: string): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(address).digest('hex');
}

const BLOCK = 64;

/** SQL: the same of a text; DuckDB has no HMAC. @param key 32 bytes in hexadecimal digits */
export function hashSql(key: string, text: string): string {
  const padded = Buffer.concat([Buffer.from(key, 'hex'), Buffer.alloc(BLOCK - BYTES)]);
  const pad = (byte: number) => `unhex('${Buffer.from(padded.map((one) => one ^ byte)).toString('hex')}')`;
  return `sha256(${pad(0x5c)} || unhex(sha256(${pad(0x36)} || encode(${text}))))`;
}
