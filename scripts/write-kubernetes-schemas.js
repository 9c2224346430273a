/**
 * Writes test/deploy/schemas.json, which manifests of deploy/ are checked with: the published schemas of the kinds that these have, without
 * descriptions, and with unknown keys refused.
 *
 * node scripts/write-kubernetes-schemas.js SWAGGER CRD...
 *
 * SWAGGER: api/openapi-spec/swagger.json of k8s.io/kubernetes (go mod download k8s.io/kubernetes@v1.34.1).
 * CRD: of KEDA (config/crd/bases of github.com/kedacore/keda/v2), of the Temporal Worker Controller (helm/temporal-worker-controller-crds/templates).
 */
const { readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { parse } = require('yaml');

/** In the order of the alphabet. */
const KINDS = [
  'ConfigMap',
  'Deployment',
  'NetworkPolicy',
  'PodDisruptionBudget',
  'Service',
  'ServiceAccount',
  'StatefulSet',
];
const POD_TEMPLATE = 'io.k8s.api.core.v1.PodTemplateSpec';
const TEXT_OR_NUMBER = { oneOf: [{ type: 'string' }, { type: 'number' }] };

const KEPT = [
  'type',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'required',
];

const [swagger, ...crds] = process.argv.slice(2);
const { definitions } = JSON.parse(readFileSync(swagger, 'utf8'));
const $defs = {};

function strict(schema) {
  if (schema.$ref) return reference(schema.$ref.slice('#/definitions/'.length));
  if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') return TEXT_OR_NUMBER;
  if (schema['x-kubernetes-preserve-unknown-fields']) return {};
  const kept = Object.fromEntries(KEPT.filter((key) => key in schema).map((key) => [key, schema[key]]));
  if (schema.items) kept.items = strict(schema.items);
  if (schema.additionalProperties) kept.additionalProperties = strict(schema.additionalProperties);
  if (schema.properties) {
    // The status is not ours to write.
    const written = Object.entries(schema.properties).filter(([name]) => name !== 'status');
    kept.properties = Object.fromEntries(written.map(([name, property]) => [name, strict(property)]));
    kept.additionalProperties = false;
  }
  return kept;
}

function reference(name) {
  if (name.endsWith('.Quantity')) return TEXT_OR_NUMBER;
  if (!(name in $defs)) {
    $defs[name] = {};
    $defs[name] = strict(definitions[name]);
  }
  return { $ref: `#/$defs/${name}` };
}

const kinds = {};
for (const [name, definition] of Object.entries(definitions)) {
  const [{ group, version, kind } = {}] = definition['x-kubernetes-group-version-kind'] ?? [];
  if (version !== 'v1' || !KINDS.includes(kind) || group?.endsWith('.cattle.io')) continue;
  kinds[`${group ? `${group}/` : ''}${version}/${kind}`] = reference(name);
}
for (const file of crds) {
  // Helm's own lines are no YAML.
  const { spec } = parse(readFileSync(file, 'utf8').replaceAll(/^\{\{.*\}\}$/gm, ''));
  const { name: version, schema } = spec.versions.at(-1);
  const made = strict(schema.openAPIV3Schema);
  made.properties.metadata = reference('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
  if (spec.names.kind === 'WorkerDeployment')
    made.properties.spec.properties.template = reference(POD_TEMPLATE);
  kinds[`${spec.group}/${version}/${spec.names.kind}`] = made;
}
const file = path.resolve(__dirname, '../test/deploy/schemas.json');
writeFileSync(file, `${JSON.stringify({ kubernetes: /@v([\d.]+)/.exec(swagger)[1], kinds, $defs })}\n`);
