import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { WorkerConfigSchema } from '../../../src/config/config';
import { MailchimpPlugin } from '../../../src/index';
import { openResources, type Resources } from '../../../src/plugin/resources';
import type { OpenSource, SegmentSource } from '../../../src/ports/source';
import { inShort, openRefreshing, type Refreshing } from './refreshing';

let refreshing: Refreshing;
let resources: Resources;
let inner: OpenSource;

beforeEach(async () => {
  refreshing = await openRefreshing(2);
  const { config, folder } = refreshing.stage;
  resources = await openResources(WorkerConfigSchema.parse(config), folder);
  inner = await resources.openSource('people');
});

afterEach(async () => {
  await inner.close();
  await resources.close();
  await refreshing.close();
});

test('a source that does not say its version keeps no destination waiting, and is exported', async () => {
  const { stage, names } = refreshing;
  let isSilent = false;
  const slow: SegmentSource = {
    describe: (call) => inner.describe(call),
    check: (call) => inner.check(call),
    extract: (request) => inner.extract(request),
    version: (call) => (isSilent ? new Promise<string>(() => {}) : inner.version!(call)),
  };
  const plugin = new MailchimpPlugin({
    ...stage.config,
    baseFolder: stage.folder,
    sources: { ...stage.config.sources, slow },
  });
  await stage.withWorker(
    async () => {
      await refreshing.prepare([names[0]!]);
      await refreshing.prepare([names[1]!], { source: 'slow' });
      await refreshing.untilListed();
      const whenSourceChanged = true;
      expect(inShort(await refreshing.refresh({ whenSourceChanged }))).toEqual(['exported', 'exported']);
      expect(inShort(await refreshing.refresh({ whenSourceChanged }))).toEqual([
        'skipped: source_unchanged',
        'skipped: source_unchanged',
      ]);
      isSilent = true;
      expect(inShort(await refreshing.refresh({ whenSourceChanged }))).toEqual([
        'skipped: source_unchanged',
        'unchanged',
      ]);
    },
    { plugins: [plugin] },
  );
});
