import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ConfigSchema } from '../../src/config/config';
import { WORKER_NODE_FLAGS } from '../../src/dev/programs/start-program';
import { DEPLOY, problemsOf, readShape, yamlFiles, type Manifest, type Shape } from './manifests';

const FOLDER = 'kubernetes/overlays/folder';
const OBJECT_STORE = 'kubernetes/overlays/object-store';
const SHAPES = [FOLDER, OBJECT_STORE, 'keda', 'worker-controller'].map((folder) => readShape(folder));
const WORKLOADS = ['Deployment', 'StatefulSet', 'WorkerDeployment'];
const NAME = 'temporal-mailchimp';
const LABELS = { 'app.kubernetes.io/name': NAME };

const workloadOf = ({ objects }: Shape): Manifest => {
  const [workload, ...others] = objects.filter(({ kind }) => WORKLOADS.includes(kind));
  expect(others).toEqual([]);
  return workload!;
};
const podOf = (shape: Shape) => workloadOf(shape).spec.template.spec;
const workerOf = (shape: Shape) => {
  const [container, ...others] = podOf(shape).containers;
  expect(others).toEqual([]);
  return container;
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

  test('names only what is there: labels, account, ports, volumes, configuration, secrets', () => {
    const { objects } = shape;
    const pod = podOf(shape);
    const worker = workerOf(shape);
    const volumes = pod.volumes.map(({ name }: { name: string }) => name);
    const claims = (workloadOf(shape).spec.volumeClaimTemplates ?? []).map(
      (claim: Manifest) => claim.metadata.name,
    );
    expect(worker.volumeMounts.map(({ name }: { name: string }) => name).toSorted()).toEqual(
      [...volumes, ...claims].toSorted(),
    );
    expect(workloadOf(shape).spec.template.metadata.labels).toEqual(LABELS);
    for (const { kind, metadata, spec } of objects) {
      expect(metadata).toMatchObject({ name: NAME, labels: LABELS });
      if (kind === 'Service') expect(spec.selector).toEqual(LABELS);
      if (kind === 'PodDisruptionBudget') expect(spec.selector.matchLabels).toEqual(LABELS);
      if (kind === 'NetworkPolicy') expect(spec.podSelector.matchLabels).toEqual(LABELS);
      if (kind === 'Deployment' || kind === 'StatefulSet') expect(spec.selector.matchLabels).toEqual(LABELS);
      if (kind === 'StatefulSet') expect(spec.serviceName).toBe(NAME);
      if (kind === 'ScaledObject') expect(spec.scaleTargetRef.name).toBe(NAME);
      if (kind === 'WorkerDeployment') expect(spec.workerOptions.connectionRef.name).toBe(NAME);
    }
    expect(objects.some(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === NAME)).toBe(
      true,
    );
    expect(pod.serviceAccountName).toBe(NAME);
    const ports = Object.fromEntries(
      worker.ports.map(({ name, containerPort }: any) => [name, containerPort]),
    );
    const { healthAddress, metricsAddress } = configOf(shape).worker;
    expect(ports).toEqual({ health: portOf(healthAddress), metrics: portOf(metricsAddress) });
    const service = objects.find(({ kind }) => kind === 'Service')!.spec.ports[0];
    expect(service).toMatchObject({ port: ports['metrics'], targetPort: 'metrics' });
    expect(worker.image).toBe(NAME);
  });

  test('mounts each file that the configuration names, and no other secret', () => {
    const worker = workerOf(shape);
    const mountOf = (name: string) => worker.volumeMounts.find((mount: any) => mount.name === name).mountPath;
    const { items, secretName } = podOf(shape).volumes.find((volume: any) => volume.secret).secret;
    expect(secretName).toBe(NAME);
    const mounted = items.map(({ path }: any) => `file:${mountOf('secrets')}/${path}`);
    const named = [...shape.config.matchAll(/\b(?:file|env):\S+?(?=[\s,}]|$)/g)].map(
      ([reference]) => reference,
    );
    expect(named.toSorted()).toEqual(mounted.toSorted());
    expect(worker.args).toEqual(['--config', `${mountOf('config')}/temporal-mailchimp.yaml`, 'worker']);
    // A folder inside it is made for this user alone.
    expect(configOf(shape).staging.folder).toBe(`${mountOf('state')}/staging`);
    expect(worker.securityContext).toMatchObject({ readOnlyRootFilesystem: true, runAsUser: 10001 });
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
  pod.terminationGracePeriodSecond = 180;
  pod.containers[0].livenessProbe.periodSeconds = '30';
  delete pod.volumes[0].name;
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
