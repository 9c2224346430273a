import { expect, test } from '@jest/globals';
import { openReceiver } from '../../support/receiver';
import { openWaiting } from '../waiting';

test('a stale destination sends one alert for as long as it is stale', async () => {
  const waiting = await openWaiting();
  const receiver = await openReceiver();
  process.env['STALE_URL'] = receiver.url;
  Object.assign(waiting.stage.config, {
    alerts: { chat: { kind: 'slack', url: 'env:STALE_URL', on: ['stale', 'recovered'] } },
  });
  const titles = () => receiver.received.map(({ text }) => (JSON.parse(text) as { text: string }).text);
  try {
    await waiting.stage.withWorker(async () => {
      await waiting.connect();
      await waiting.configure({ staleAfterHours: 2 });
      await waiting.pass(1);
      expect(titles()).toEqual(['Newsletter is stale']);
      // Still stale, by another limit: nothing new.
      await waiting.configure({ staleAfterHours: 3 });
      await waiting.pass(1);
      expect(titles()).toEqual(['Newsletter is stale']);
    });
  } finally {
    await waiting.close();
    await receiver.close();
    delete process.env['STALE_URL'];
  }
});
