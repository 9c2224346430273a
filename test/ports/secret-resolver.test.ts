import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { secretResolver } from '../../src/config/secrets';
import { secretResolverContract } from '../../src/testing';
import { runContract } from './run-contract';

describe('the contract of SecretResolver, with environment variables', () => {
  const cases = secretResolverContract(async () => {
    const variable = `SECRET_${randomUUID().replaceAll('-', '')}`;
    return {
      resolver: secretResolver('.'),
      reference: `env:${variable}`,
      set: async (text) => {
        process.env[variable] = text;
      },
      close: async () => {
        delete process.env[variable];
      },
    };
  });
  runContract(cases);
});

describe('the contract of SecretResolver, with files', () => {
  const cases = secretResolverContract(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'secrets-'));
    return {
      resolver: secretResolver(folder),
      reference: 'file:key.txt',
      set: (text) => writeFile(join(folder, 'key.txt'), text),
      close: () => rm(folder, { recursive: true, force: true }),
    };
  });
  runContract(cases);
});
