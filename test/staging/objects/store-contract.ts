import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { WorkerConfigSchema } from '../../../src/config/config';
import { configuredStore } from '../../../src/plugin/configured-store';
import { stagingStoreContract } from '../../../src/testing';
import { runContract } from '../../ports/run-contract';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import type { TestStore } from '../../support/object-stores';

/** Runs the contract of `StagingStore` on a server of objects. */
export function runStoreContract(name: string, start: () => Promise<TestStore>): void {
  describe(`the contract of StagingStore, on ${name}`, () => {
    let server: TestStore;
    let prefixes = 0;
    beforeAll(async () => {
      server = await start();
    }, INSTALL_TIMEOUT_MS);
    afterAll(() => server.close());

    runContract(
      stagingStoreContract(async () => {
        const parent = await mkdtemp(join(tmpdir(), 'objects-'));
        prefixes += 1;
        const open = (folder: string) => {
          const staging = { folder, ...server.at(server.url).staging(`contract/${prefixes}`) };
          const config = WorkerConfigSchema.parse({ accounts: {}, sources: {}, staging });
          return configuredStore(config.staging, parent);
        };
        const [store, other] = [open('one'), open('other')];
        return {
          store,
          other,
          close: async () => {
            for (const each of [store, other]) each.close?.();
            await rm(parent, { recursive: true, force: true });
          },
        };
      }),
    );
  });
}
