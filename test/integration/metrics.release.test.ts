import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { freePort } from '../../src/dev/dev-server';
import type { OwnedProcess } from '../../src/dev/owned-process';
import { CROWD, CROWD_MEMBERS, openStage, type Stage } from '../support/stage';
import { until } from '../support/until';
import { startWorker } from './killed-worker';

const DASHBOARD = resolve(__dirname, '../../docs/grafana-dashboard.json');

let stage: Stage;
let worker: OwnedProcess | undefined;
let metrics: string;
let health: string;

beforeEach(async () => {
  stage = await openStage();
  [metrics, health] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
});

afterEach(async () => {
  await worker?.kill();
  worker = undefined;
  await stage.close();
});

async function start(): Promise<void> {
  const configFile = join(stage.folder, 'temporal-mailchimp.yaml');
  const config = {
    ...stage.config,
    temporal: { address: process.env['TEST_TEMPORAL_ADDRESS'], taskQueue: stage.taskQueue },
    worker: { metricsAddress: metrics, healthAddress: health },
  };
  await writeFile(configFile, stringify(config));
  worker = await startWorker(configFile);
}

async function scrape(): Promise<string> {
  return (await fetch(`http://${metrics}/metrics`)).text();
}

async function ask(path: string) {
  const reply = await fetch(`http://${health}${path}`);
  return { status: reply.status, body: reply.status === 404 ? undefined : await reply.json() };
}

test('a worker serves metrics of exports and requests, which the dashboard asks for', async () => {
  await stage.writeProfiles(CROWD);
  await stage.writeMembers(CROWD_MEMBERS);
  await start();
  await stage.connect();
  await stage.configure();
  stage.sandbox.fail('429 once on GET /lists/*');
  expect(await stage.export({ lane: 'batch' })).toMatchObject({ outcomes: { created: 8 } });
  await stage.temporal.workflow.execute('mailchimpRefresh', {
    workflowId: `refresh-${stage.destinationId}`,
    taskQueue: stage.taskQueue,
    args: [{ targets: { destinations: [stage.destinationId] } }],
  });
  stage.sandbox.fail('401 always on GET /**');
  await stage.client.start(stage.destinationId);
  await until(async () => (await stage.progress())?.state.kind === 'stopped');
  const text = await until(async () => {
    const now = await scrape();
    return now.includes('mailchimp_obstacles_total') && now;
  });
  const { destinationId: id } = stage;
  expect(text).toMatch(
    new RegExp(`^mailchimp_profiles_total{.*destination="${id}".*outcome="created".*} 8$`, 'm'),
  );
  expect(text).toMatch(
    new RegExp(`^mailchimp_exports_total{.*destination="${id}".*status="completed".*} 2$`, 'm'),
  );
  expect(text).toMatch(/^mailchimp_obstacles_total{.*obstacle="stopped".*} 1$/m);
  expect(text).toMatch(/^mailchimp_refresh_results_total{.*result="unchanged".*} 1$/m);
  expect(text).toMatch(/^mailchimp_requests_total{.*account="main".*status="429".*} 1$/m);
  expect(text).toMatch(/^mailchimp_export_seconds_bucket{.*le="300".*} 2$/m);
  expect(text).toMatch(/^mailchimp_baseline_contacts{.*} 8$/m);
  expect(text).not.toContain('@');

  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
    panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(queries.length).toBeGreaterThan(8);
  expect(queries.filter((query) => !isAnswered(query, text))).toEqual([]);
});

/** Whether the endpoint has the metric of a query, with each label that the query selects or groups by. */
function isAnswered(query: string, served: string): boolean {
  const metric = /mailchimp_\w+/.exec(query)?.[0];
  const labels = [...query.matchAll(/by \(([^)]*)\)|\{([^}]*)\}/g)].flatMap(([, grouped, selected = '']) =>
    grouped === undefined
      ? [...selected.matchAll(/(\w+)\s*[=!]/g)].map(([, label]) => label)
      : grouped.split(',').map((label) => label.trim()),
  );
  const series = served.split('\n').filter((line) => line.startsWith(`${metric}{`));
  return series.some((line) => labels.every((label) => line.includes(`${label}="`)));
}

test('a worker says whether it lives, and whether it can take work', async () => {
  await start();
  const ready = await until(async () => {
    const answer = await ask('/readyz');
    return answer.status === 200 && answer;
  });
  expect(ready.body).toMatchObject({
    isFine: true,
    worker: 'RUNNING',
    temporal: expect.stringMatching(/^last poll \d{4}-/),
    staging: expect.stringMatching(/^store \w+$/),
  });
  expect(await ask('/healthz')).toEqual({ status: 200, body: { isFine: true, worker: 'RUNNING' } });
  expect(await ask('/other')).toMatchObject({ status: 404 });

  await rename(join(stage.folder, 'staging'), join(stage.folder, 'unmounted'));
  expect(await ask('/readyz')).toMatchObject({
    status: 503,
    body: { isFine: false, staging: 'The staging folder has no store. Mount it, or check staging.folder.' },
  });
  expect((await ask('/healthz')).status).toBe(200);
});
