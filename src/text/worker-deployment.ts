/** A version of a worker deployment, as Temporal names it. */
export interface DeploymentVersion {
  readonly name: string;
  readonly buildId?: string | undefined;
}

/** The command of Temporal's CLI that gives a version the work. */
export function setCurrentVersion(
  { name, buildId = 'BUILD_ID' }: DeploymentVersion,
  namespace: string,
): string {
  return `temporal worker deployment set-current-version --namespace ${namespace} --deployment-name ${name} --build-id ${buildId}`;
}
