import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import schemas from './schemas.json';

export const DEPLOY = resolve(__dirname, '../../deploy');

type Labels = Readonly<Record<string, string>>;

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly timeoutSeconds: number;
  periodSeconds: unknown;
}

export interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly object[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface Pod {
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly Container[];
  readonly volumes: readonly {
    name?: string;
    readonly secret?: { readonly secretName: string; readonly items: readonly { readonly path: string }[] };
  }[];
}

/** What the tests read of an object of Kubernetes, of whichever kind; the schemas check all of it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Labels };
  /** A service account has none. */
  readonly spec: {
    readonly replicas: number;
    readonly strategy?: { readonly rollingUpdate: { readonly maxSurge: number } };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
    readonly volumeClaimTemplates?: readonly Pick<Manifest, 'metadata'>[];
    readonly serviceName?: string;
    readonly selector: Labels & { readonly matchLabels?: Labels };
    readonly podSelector?: { readonly matchLabels: Labels };
    readonly ports: readonly object[];
    readonly maxReplicaCount?: number;
    readonly scaleTargetRef?: { readonly name: string };
    readonly workerOptions?: { readonly connectionRef: { readonly name: string } };
  };
}

/** A list of objects, with the file that each is in. */
export interface Shape {
  readonly folder: string;
  readonly objects: readonly Manifest[];
  /** The configuration file of the workers. */
  readonly config: string;
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly files: readonly string[] }[];
  readonly patches?: readonly {
    readonly path?: string;
    readonly patch?: string;
    readonly target: { readonly kind: string; readonly name: string };
  }[];
}

/** What kustomize makes of a folder, but for hashes and images: `deploy/check.sh` renders with kustomize itself. */
export function readShape(folder: string): Shape {
  const at = join(DEPLOY, folder);
  const {
    resources,
    configMapGenerator = [],
    patches = [],
  } = readYaml(join(at, 'kustomization.yaml')) as Kustomization;
  const objects: Manifest[] = [];
  let config = '';
  for (const resource of resources) {
    if (resource.endsWith('.yaml')) objects.push(readYaml(join(at, resource)) as Manifest);
    else {
      const base = readShape(relative(DEPLOY, join(at, resource)));
      objects.push(...base.objects);
      config ||= base.config;
    }
  }
  for (const { files } of configMapGenerator) config = readFileSync(join(at, files[0]!), 'utf8');
  for (const { path, patch, target } of patches) {
    const operations = (path ? readYaml(join(at, path)) : parse(patch!)) as readonly Operation[];
    const place = objects.findIndex(
      ({ kind, metadata }) => kind === target.kind && metadata.name === target.name,
    );
    if (place < 0) throw new Error(`${folder} patches no object`);
    const patched = structuredClone(objects[place]!);
    for (const operation of operations) apply(patched, operation);
    objects[place] = patched;
  }
  return { folder, objects, config };
}

/** Of JSON Patch (RFC 6902). */
interface Operation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

type Fields = Record<string, unknown>;

function apply(object: unknown, { op, path, value }: Operation): void {
  const names = path.split('/').slice(1);
  const last = names.pop()!;
  const parent = names.reduce((found, name) => (found as Fields)[name], object) as Fields;
  if (op !== 'add' && !(last in parent)) throw new Error(`${op} of ${path}, which is not there`);
  if (op === 'remove') delete parent[last];
  else parent[last] = value;
}

function readYaml(file: string): unknown {
  const [document, ...more] = parseAllDocuments(readFileSync(file, 'utf8'), {
    strict: true,
    uniqueKeys: true,
  });
  if (!document || more.length > 0) throw new Error(`${file} has more or less than one document`);
  if (document.errors.length > 0) throw document.errors[0]!;
  return document.toJS();
}

/** All files of `deploy` that are no shell, no image and no script. */
export function yamlFiles(): string[] {
  return readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
}

const { kinds, $defs } = schemas as {
  kinds: Readonly<Record<string, object>>;
  $defs: Readonly<Record<string, object>>;
};

/** What the published schema of its kind finds wrong, misspelt keys included. */
export function problemsOf(object: { readonly apiVersion: string; readonly kind: string }): string[] {
  const schema = kinds[`${object.apiVersion}/${object.kind}`];
  if (!schema) return [`no schema of ${object.apiVersion}/${object.kind}`];
  const { error } = z.fromJSONSchema({ ...schema, $defs } as never).safeParse(object);
  return (error?.issues ?? []).map(({ path, message }) => `${object.kind} ${path.join('.')}: ${message}`);
}
