import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createEncryptionCodec } from '../../src/encryption';
import { startCodecServer } from '../../src/encryption/configured';

const KEYS = { one: randomBytes(32).toString('base64'), two: randomBytes(32).toString('base64') };
const PAYLOAD = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"Ada"') };

test('a payload comes back as it was, also after a rotation of keys', async () => {
  const before = await createEncryptionCodec({ keys: { one: KEYS.one }, use: 'one' });
  const after = await createEncryptionCodec({ keys: KEYS, use: 'two' });
  const [old] = await before.encode([PAYLOAD]);
  const [fresh] = await after.encode([PAYLOAD]);
  expect(Buffer.from(old!.data!).toString('latin1')).not.toContain('Ada');
  for (const payload of [old!, fresh!]) {
    const [decoded] = await after.decode([payload]);
    expect(Buffer.from(decoded!.data!)).toEqual(PAYLOAD.data);
    expect(Buffer.from(decoded!.metadata!['encoding']!)).toEqual(PAYLOAD.metadata.encoding);
  }
  // Without its key, it stays as it is: an error would fail a whole task of a workflow.
  expect(await before.decode([fresh!])).toEqual([fresh]);
});

test('the same payload never looks the same twice, and a changed one is not decrypted', async () => {
  const codec = await createEncryptionCodec({ keys: KEYS, use: 'one' });
  const [first, second] = await codec.encode([PAYLOAD, PAYLOAD]);
  expect(first!.data).not.toEqual(second!.data);
  const changed = { ...first!, data: Buffer.from(first!.data!) };
  changed.data[changed.data.length - 1]! ^= 1;
  expect(await codec.decode([changed])).toEqual([changed]);
  const renamed = { ...first!, metadata: { ...first!.metadata, 'encryption-key-id': Buffer.from('two') } };
  expect(await codec.decode([renamed])).toEqual([renamed]);
});

test('what is not encrypted is read as it is', async () => {
  const codec = await createEncryptionCodec({ keys: KEYS, use: 'one' });
  expect(await codec.decode([PAYLOAD, { metadata: {} }])).toEqual([PAYLOAD, { metadata: {} }]);
});

test.each([
  [{ keys: { one: 'c2hvcnQ=' }, use: 'one' }, /5 bytes .* openssl rand -base64 32/],
  [{ keys: KEYS, use: 'three' }, /"three"/],
])('keys that cannot be used are refused: %#', async (keys, message) => {
  await expect(createEncryptionCodec(keys)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
  });
});

test('a codec server with a token that could be guessed does not start', async () => {
  const codec = await createEncryptionCodec({ keys: KEYS, use: 'one' });
  const options = { codec, token: '123456789012345', origins: [], host: '127.0.0.1', port: 0 };
  await expect(startCodecServer(options)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('less than 16 characters'),
  });
});
