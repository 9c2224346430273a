const CLOUD = 'https://cloud.temporal.io';
const CLOUD_HOST = /\.(?:tmprl\.cloud|api\.temporal\.io)$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Temporal's own dev server has its Web UI on this port above the frontend's. */
const UI_PORT_OFFSET = 1000;
const DEFAULT_PORT = 7233;

/** Where Temporal's Web UI is for a frontend address. `isLikely`: the default of a dev server, which may have another. */
export function webUiOf(address: string): { readonly url: string; readonly isLikely: boolean } | undefined {
  const [, host = '', port = DEFAULT_PORT] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  if (CLOUD_HOST.test(host)) return { url: CLOUD, isLikely: false };
  if (!LOOPBACK.test(host)) return undefined;
  return { url: `http://${host}:${Number(port) + UI_PORT_OFFSET}`, isLikely: true };
}

export interface WorkflowPage {
  readonly namespace: string;
  readonly workflowId: string;
  /** Default: the latest run. */
  readonly runId?: string | null | undefined;
}

/** The page of a workflow in the Web UI. */
export function workflowUrl(webUi: string, page: WorkflowPage): string {
  return `${webUi.replace(/\/+$/, '')}${workflowPath(page)}`;
}

/** The same as a link from another page of the Web UI. */
export function workflowPath({ namespace, workflowId, runId }: WorkflowPage): string {
  return pathOf(['namespaces', namespace, 'workflows', workflowId, ...(runId ? [runId, 'history'] : [])]);
}

/** The page of a schedule in the Web UI. */
export function scheduleUrl(webUi: string, namespace: string, scheduleId: string): string {
  return `${webUi.replace(/\/+$/, '')}${schedulePath(namespace, scheduleId)}`;
}

/** The same as a link from another page of the Web UI. */
export function schedulePath(namespace: string, scheduleId: string): string {
  return pathOf(['namespaces', namespace, 'schedules', scheduleId]);
}

function pathOf(parts: readonly string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
}
