import { webcrypto } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { fromJson, toJson } from './payload-json';
import { ExportError } from '../errors';

/** In the metadata of a payload, as in Temporal's samples. */
const ENCODING = 'encoding';
const ENCRYPTED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';

const IV_BYTES = 12;

/** Keys by id, and the one that encrypts. The others decrypt what was encrypted before a rotation. */
export interface EncryptionKeys {
  /** 32 bytes in base64, by id: `openssl rand -base64 32`. */
  readonly keys: Readonly<Record<string, string>>;
  /** Id of the key for new payloads. */
  readonly use: string;
}

/**
 * Encrypts payloads with AES-256-GCM, for `dataConverter: { payloadCodecs: [codec] }` of clients and workers: inputs, results, memos, summaries and
 * details are unreadable in Temporal's histories. Ids, types, search attributes and the messages of failures are no payloads. What is not
 * encrypted, and what no key fits, is decoded as it is: histories from before stay readable, and the reader of the other says that it is
 * encrypted.
 *
 * To rotate: add the new key to all workers and clients, then `use` it, and take the old one away when no history needs it.
 *
 * @throws ExportError CONFIG_INVALID for a key that is not 32 bytes in base64, or an unknown `use`
 */
export async function createEncryptionCodec({ keys, use }: EncryptionKeys): Promise<PayloadCodec> {
  const imported = new Map<string, webcrypto.CryptoKey>();
  for (const [id, text] of Object.entries(keys)) imported.set(id, await importKey(id, text));
  if (!imported.has(use))
    throw new ExportError(
      'CONFIG_INVALID',
      `No encryption key has the id "${use}". Add it, or use another one.`,
    );
  return {
    encode: (payloads) => Promise.all(payloads.map((payload) => encrypt(payload, use, imported.get(use)!))),
    decode: (payloads) => Promise.all(payloads.map((payload) => decrypt(payload, imported))),
  };
}

const KEY_BYTES = 32;

async function importKey(id: string, text: string): Promise<webcrypto.CryptoKey> {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== KEY_BYTES)
    throw new ExportError(
      'CONFIG_INVALID',
      `The encryption key "${id}" has ${bytes.length} bytes in base64 and needs ${KEY_BYTES}. Make one: openssl rand -base64 32`,
    );
  return webcrypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

async function encrypt(payload: Payload, id: string, key: webcrypto.CryptoKey): Promise<Payload> {
  const plain = Buffer.from(JSON.stringify(toJson(payload)));
  const iv = webcrypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await webcrypto.subtle.encrypt(parameters(iv, id), key, plain);
  return {
    metadata: { [ENCODING]: Buffer.from(ENCRYPTED), [KEY_ID]: Buffer.from(id) },
    data: Buffer.concat([iv, new Uint8Array(sealed)]),
  };
}

/**
 * What cannot be decrypted stays as it is, and its reader says that it is encrypted. An error here would fail the whole task of a workflow, again and
 * again: one request with a wrong key would keep all others from it.
 */
async function decrypt(payload: Payload, keys: ReadonlyMap<string, webcrypto.CryptoKey>): Promise<Payload> {
  const { metadata, data } = payload;
  if (textOf(metadata?.[ENCODING]) !== ENCRYPTED || !data) return payload;
  const id = textOf(metadata?.[KEY_ID]);
  const key = keys.get(id);
  if (!key) return payload;
  try {
    return fromJson(JSON.parse(Buffer.from(await open(data, id, key)).toString('utf8')));
  } catch {
    return payload;
  }
}

async function open(data: Uint8Array, id: string, key: webcrypto.CryptoKey): Promise<Uint8Array> {
  const iv = data.subarray(0, IV_BYTES);
  return new Uint8Array(await webcrypto.subtle.decrypt(parameters(iv, id), key, data.subarray(IV_BYTES)));
}

/** The id is authenticated too, so that a payload cannot be made to name another key. */
function parameters(iv: Uint8Array, id: string) {
  return { name: 'AES-GCM', iv, additionalData: Buffer.from(id) };
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes ? Buffer.from(bytes).toString('utf8') : '';
}
