#!/usr/bin/env bash
# Checks the manifests as kubectl renders them, without a cluster: kubeconform, strictly and with the schemas of test/deploy, and kube-score.
#   go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
#   go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# One file for each kind, as kubeconform wants it.
node -e '
  const { kinds, $defs } = require("../test/deploy/schemas.json");
  for (const [name, kind] of Object.entries(kinds)) {
    const file = `${process.argv[1]}/${name.split("/").at(-1).toLowerCase()}.json`;
    require("node:fs").writeFileSync(file, JSON.stringify({ ...kind, $defs }));
  }' "$work"

for folder in kubernetes/overlays/folder kubernetes/overlays/object-store keda worker-controller; do
  echo "$folder"
  kubectl kustomize "$folder" >"$work/rendered.yaml"
  kubeconform -strict -summary -schema-location "$work/{{.ResourceKind}}.json" "$work/rendered.yaml"
  # kube-score does not know the kinds of the Worker Controller. Its pods are those of the object store.
  [ "$folder" = worker-controller ] && continue
  # How many there are, KEDA decides. Exits with an error for each finding that is critical, and for each warning.
  kube-score score --exit-one-on-warning --ignore-test deployment-replicas --output-format ci "$work/rendered.yaml" >"$work/score" ||
    { grep -v '^\[\(OK\|SKIPPED\)\]' "$work/score"; exit 1; }
  echo "kube-score: $(grep -c '^\[OK\]' "$work/score") checks passed"
done
