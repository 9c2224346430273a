import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ConfigSchema, CustomSecretsConfigSchema } from '../../../src/config/config';
import { parseRoot } from '../../../src/config/root-address';

const FILES = { kind: 'files', profiles: { path: 'p.csv', key: 'id' }, segments: {} };

/** The problems of a source, as `path: message`. */
function problemsOf(settings: object): string[] {
  const parsed = ConfigSchema.safeParse({ accounts: {}, sources: { shop: { ...FILES, ...settings } } });
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.slice(2).join('.')}: ${message}`);
}

describe('a root', () => {
  const blob = { kind: 'azure', account: 'contoso', endpoint: 'https://contoso.blob.core.windows.net' };

  test.each([
    ['/data/shop', { kind: 'folder', path: '/data/shop' }],
    ['exports', { kind: 'folder', path: 'exports' }],
    ['s3://warehouse', { kind: 's3', bucket: 'warehouse', prefix: '' }],
    ['s3://warehouse/a//b/', { kind: 's3', bucket: 'warehouse', prefix: 'a/b' }],
    ['az://contoso/unload', { ...blob, container: 'unload', prefix: '' }],
    ['az://contoso/unload/a/b/', { ...blob, container: 'unload', prefix: 'a/b' }],
    ['az://contoso.blob.core.windows.net/unload', { ...blob, container: 'unload', prefix: '' }],
    ['abfss://unload@contoso.dfs.core.windows.net/a', { ...blob, container: 'unload', prefix: 'a' }],
    ['https://contoso.dfs.core.windows.net/unload/a', { ...blob, container: 'unload', prefix: 'a' }],
    [
      'https://contoso.blob.core.chinacloudapi.cn/unload',
      { ...blob, endpoint: 'https://contoso.blob.core.chinacloudapi.cn', container: 'unload', prefix: '' },
    ],
  ])('like %s names one place', (text, root) => {
    expect(parseRoot(text)).toEqual(root);
    expect(problemsOf({ root: text })).toEqual([]);
  });

  test.each([
    's3:///a',
    's3://Bucket',
    's3://bucket/../other',
    'az://contoso',
    'gs://bucket/a',
    'https://example.com/a.csv',
  ])('like %s is refused with the forms that there are', (root) => {
    expect(problemsOf({ root })).toEqual([expect.stringContaining('s3://BUCKET/PREFIX')]);
  });

  test('with a signature is refused, and the message does not have it', () => {
    const root = 'https://contoso.blob.core.windows.net/unload?sv=2024&sp=rl&sig=abcdef';
    const problems = problemsOf({ root });
    expect(problems).toEqual([expect.stringContaining('storage.sas')]);
    expect(problems.join('\n')).not.toContain('abcdef');
  });
});

test.each(['source', 'staging'])('the page about stores of a %s has settings that are valid', async (of) => {
  const page = await readFile(resolve(__dirname, `../../../docs/${of}-object-stores.md`), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, block = '']) => block);
  expect(blocks.length).toBeGreaterThan(1);
  for (const block of blocks) {
    const parsed = ConfigSchema.safeParse({ accounts: {}, sources: {}, ...(parse(block) as object) });
    expect(parsed.error?.issues).toBeUndefined();
  }
});

describe('storage', () => {
  const s3 = 's3://warehouse/a';
  const az = 'az://contoso/unload';

  test.each([
    [undefined, { region: 'eu-central-1' }, 'only for a root that is s3://… or az://…'],
    ['/data', { region: 'eu-central-1' }, 'only for a root that is s3://… or az://…'],
    [s3, { sas: 'env:SAS' }, 'only for a root on Azure'],
    [az, { region: 'eu' }, 'only for a root on S3'],
    [s3, { accessKeyId: 'env:ID' }, 'belong together'],
    [s3, { sessionToken: 'env:TOKEN' }, 'set them too'],
    [az, { sas: 'env:SAS', accountKey: 'env:KEY' }, 'and not both'],
    [az, { endpoint: 'http://127.0.0.1:10000/contoso' }, 'Microsoft Entra'],
    [s3, { endpoint: 'https://user:pass@store.internal' }, 'without user, password and signature'],
    [s3, { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'env:KEY' }, 'a reference to a secret'],
  ])('beside the root %s refuses %j', (root, storage, problem) => {
    const problems = problemsOf({ ...(root !== undefined && { root }), storage });
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems.join('\n')).not.toContain('AKIA');
  });

  test('takes references of a resolver of the host, of which the configuration file knows nothing', () => {
    const storage = { accessKeyId: 'vault:id', secretAccessKey: 'vault:key' };
    const sources = { shop: { ...FILES, root: s3, storage } };
    expect(problemsOf({ root: s3, storage })).toHaveLength(2);
    expect(CustomSecretsConfigSchema.safeParse({ accounts: {}, alerts: {}, sources }).success).toBe(true);
  });
});
