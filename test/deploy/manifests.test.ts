import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ConfigSchema } from '../../src/config/config';
import { WORKER_NODE_FLAGS } from '../../src/dev/programs/start-program';
import {
  type Container,
  DEPLOY,
  type Manifest,
  type Pod,
  problemsOf,
  readShape,
  type Shape,
  yamlFiles,
} from './manifests';

const FOLDER = 'kubernetes/overlays/folder';
const OBJECT_STORE = 'kubernetes/overlays/object-store';
const SHAPES = [FOLDER, OBJECT_STORE, 'keda', 'worker-controller'].map((folder) => readShape(folder));
const WORKLOADS = ['Deployment', 'StatefulSet', 'WorkerDeployment'];
const NAME = 'temporal-mailchimp';
const LABEL = 'app.kubernetes.io/name';
const LABELS = { [LABEL]: NAME };

type Secret = NonNullable<Pod['volumes'][number]['secret']>;

/** Which pods an object is about; undefined: it is about none. */
function selectorOf({ kind, spec }: Manifest): unknown {
  if (kind === 'Service') return spec.selector;
  if (kind === 'NetworkPolicy') return spec.podSelector?.matchLabels;
  return spec?.selector?.matchLabels;
}

const workloadOf = ({ objects }: Shape): Manifest => {
  const [workload, ...others] = objects.filter(({ kind }) => WORKLOADS.includes(kind));
  expect(others).toEqual([]);
  return workload!;
};
const podOf = (shape: Shape) => workloadOf(shape).spec.template.spec;
const workerOf = (shape: Shape): Container => {
  const [container, ...others] = podOf(shape).containers;
  expect(others).toEqual([]);
  return container!;
};
const configOf = ({ config }: Shape) => ConfigSchema.parse(parse(config));
const portOf = (address: string | undefined) => Number(address?.split(':').at(-1));

/** Bytes of a quantity of Kubernetes. */
function bytesOf(quantity: string): number {
  const [, number, unit = ''] = /^(\d+)(Ki|Mi|Gi)?$/.exec(quantity)!;
  return Number(number) * 1024 ** ['', 'Ki', 'Mi', 'Gi'].indexOf(unit);
}

describe.each(SHAPES.map((shape) => [shape.folder, shape] as const))('deploy/%s', (_, shape) => {
  test('is valid by the published schemas, which know no other keys', () => {
    expect(shape.objects.flatMap(problemsOf)).toEqual([]);
  });

  test('names only what is there: labels, account, ports, volumes, other objects', () => {
    const { objects } = shape;
    const { metadata, spec } = workloadOf(shape).spec.template;
    expect(metadata.labels).toEqual(LABELS);
    expect(objects.filter((object) => object.metadata.name !== NAME)).toEqual([]);
    expect(objects.filter((object) => object.metadata.labels?.[LABEL] !== NAME)).toEqual([]);
    const selected = objects.flatMap((object) => selectorOf(object) ?? []);
    expect(selected.length).toBeGreaterThanOrEqual(3);
    for (const labels of selected) expect(labels).toEqual(LABELS);
    const named = objects.flatMap(({ spec: own }) => [
      own?.serviceName,
      own?.scaleTargetRef?.name,
      own?.workerOptions?.connectionRef.name,
    ]);
    expect(named.filter((name) => name !== undefined && name !== NAME)).toEqual([]);
    expect(spec.serviceAccountName).toBe(NAME);
    expect(objects.map(({ kind }) => kind)).toContain('ServiceAccount');
    const claims = workloadOf(shape).spec.volumeClaimTemplates ?? [];
    const volumes = [...spec.volumes.map(({ name }) => name), ...claims.map((claim) => claim.metadata.name)];
    const { volumeMounts, ports, image } = workerOf(shape);
    expect(new Set(volumeMounts.map(({ name }) => name))).toEqual(new Set(volumes));
    const { healthAddress, metricsAddress } = configOf(shape).worker;
    expect(ports).toEqual([
      { name: 'health', containerPort: portOf(healthAddress) },
      { name: 'metrics', containerPort: portOf(metricsAddress) },
    ]);
    const service = objects.find(({ kind }) => kind === 'Service')!;
    expect(service.spec.ports).toEqual([
      { name: 'metrics', port: portOf(metricsAddress), targetPort: 'metrics' },
    ]);
    expect(image).toBe(NAME);
  });

  test('mounts each file that the configuration names, and no other secret', () => {
    const { volumeMounts, args, securityContext } = workerOf(shape);
    const placeOf = (name: string) => volumeMounts.find((mount) => mount.name === name)!.mountPath;
    const [{ items, secretName }] = podOf(shape).volumes.flatMap(({ secret }) => secret ?? []) as [Secret];
    expect(secretName).toBe(NAME);
    const mounted = items.map(({ path }) => `file:${placeOf('secrets')}/${path}`);
    const named = [...shape.config.matchAll(/\b(?:file|env):\S+?(?=[\s,}]|$)/g)].map(
      ([reference]) => reference,
    );
    expect(new Set(named)).toEqual(new Set(mounted));
    expect(args).toEqual(['--config', `${placeOf('config')}/temporal-mailchimp.yaml`, 'worker']);
    // A folder inside it is made for this user alone.
    expect(configOf(shape).staging.folder).toBe(`${placeOf('state')}/staging`);
    expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, runAsUser: 10001 });
  });

  test('gives a worker longer to end than its last request to Mailchimp may take', () => {
    const grace = Number(/shutdownGraceTime: '(\d+) seconds'/.exec(source('src/worker/index.ts'))![1]);
    const [request] = Object.values(configOf(shape).accounts).map((account) => account.longestRequestSeconds);
    expect(podOf(shape).terminationGracePeriodSeconds).toBeGreaterThan(grace + request!);
  });

  test('asks for what a worker serves, for longer than that may take', () => {
    const { startupProbe, livenessProbe, readinessProbe } = workerOf(shape);
    const health = source('src/worker/health.ts');
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe])
      expect(health).toContain(`path === '${httpGet.path}'`);
    // A restart helps where the worker itself is lost, and not where Temporal or the store is.
    expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual([
      '/healthz',
      '/healthz',
      '/readyz',
    ]);
    const answer = Number(/ANSWER_MS = ([\d_]+)/.exec(health)![1]!.replaceAll('_', ''));
    expect(readinessProbe.timeoutSeconds * 1000).toBeGreaterThan(answer);
  });

  test('opens no more connections than Mailchimp allows a user, also during a rollout', () => {
    const { replicas, strategy } = workloadOf(shape).spec;
    const most = shape.objects.find(({ kind }) => kind === 'ScaledObject')?.spec.maxReplicaCount ?? replicas;
    // The controller has the workers of two versions side by side.
    const surge = strategy?.rollingUpdate.maxSurge ?? (shape.folder === 'worker-controller' ? replicas : 0);
    for (const { connections } of Object.values(configOf(shape).accounts))
      expect(connections * (most + surge)).toBeLessThanOrEqual(
        shape.folder === 'worker-controller' ? 12 : 10,
      );
  });
});

test('both shapes run the same container, but for the size of the disk', () => {
  const [folder, objectStore] = [FOLDER, OBJECT_STORE].map((name) => workerOf(readShape(name)));
  expect({ ...folder, resources: null }).toEqual({ ...objectStore, resources: null });
});

test('a misspelt key, a wrong type and a missing name are found', () => {
  const { objects } = readShape(OBJECT_STORE);
  const deployment = structuredClone(objects.find(({ kind }) => kind === 'Deployment')!);
  const pod = deployment.spec.template.spec;
  Object.assign(pod, { terminationGracePeriodSecond: 180 });
  pod.containers[0]!.livenessProbe.periodSeconds = '30';
  delete pod.volumes[0]!.name;
  expect(problemsOf(deployment)).toEqual([
    expect.stringMatching(/livenessProbe\.periodSeconds: .*expected number/),
    expect.stringMatching(/volumes\.0\.name: .*expected string/),
    expect.stringMatching(/spec\.template\.spec: Unrecognized key: "terminationGracePeriodSecond"/),
  ]);
});

test('every file of deploy is part of a shape', () => {
  const listed = yamlFiles().filter((file) => !file.endsWith('kustomization.yaml'));
  const unused = listed.filter((file) => {
    const [folder, name] = [file.slice(0, file.lastIndexOf('/')), file.slice(file.lastIndexOf('/') + 1)];
    return !readFileSync(join(DEPLOY, folder, 'kustomization.yaml'), 'utf8').includes(name);
  });
  expect(listed.length).toBeGreaterThan(10);
  expect(unused).toEqual([]);
});

test('the heap of Node is that of the benchmarks, and with what DuckDB may take it fits into the limit', () => {
  for (const shape of SHAPES) {
    const { env, resources } = workerOf(shape);
    expect(env).toEqual([{ name: 'NODE_OPTIONS', value: WORKER_NODE_FLAGS.join(' ') }]);
    expect(bytesOf(resources.limits.memory)).toBeGreaterThan(1_000_000_000);
  }
  expect(source('deploy/Dockerfile')).toContain(`NODE_OPTIONS=${WORKER_NODE_FLAGS.join(' ')}`);
});

function source(file: string): string {
  return readFileSync(join(DEPLOY, '..', file), 'utf8');
}
