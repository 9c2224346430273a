import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { FolderStore } from '../../src/staging';
import { stagingStoreContract } from '../../src/testing';
import { runContract } from './run-contract';

describe('the contract of StagingStore, with a folder', () => {
  const cases = stagingStoreContract(async () => {
    const parent = await mkdtemp(join(tmpdir(), 'store-'));
    const folder = join(parent, 'staging');
    return {
      store: new FolderStore(folder),
      other: new FolderStore(folder),
      close: () => rm(parent, { recursive: true, force: true }),
    };
  });
  runContract(cases);
});
