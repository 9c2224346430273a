import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { ExportHandle } from '../../client';
import { destinationWorkflowId, exportWorkflowId, temporalScheduleId } from '../../contract/identifiers';
import { scheduleUrl, webUiOf, workflowUrl } from '../../text/web-ui';
import { DEV_FOLDER, type Settings } from './settings';

/** Links into Temporal's Web UI; null where it is not known. */
export interface WebUi {
  readonly destination: (destinationId: string) => string | null;
  /** Without a run: the latest export of the destination. */
  readonly export: (destinationId: string, runId?: string | null) => string | null;
  /** With the run, as far as Temporal knows it; otherwise, the page of the latest export. Null for an earlier one, whose page that is not. */
  readonly exportOf: (
    handle: Pick<ExportHandle, 'destinationId' | 'runId'>,
    which: { readonly isLatest: boolean },
  ) => Promise<string | null>;
  readonly schedule: (name: string) => string | null;
  readonly workflow: (workflowId: string) => string | null;
}

export async function openWebUi(settings: Settings): Promise<WebUi> {
  const base = await baseOf(settings);
  const { namespace } = settings.temporal;
  const linkTo = (workflowId: string, runId?: string | null) =>
    base === undefined ? null : workflowUrl(base, { namespace, workflowId, runId });
  return {
    workflow: (id) => linkTo(id),
    destination: (id) => linkTo(destinationWorkflowId(id)),
    export: (id, runId) => linkTo(exportWorkflowId(id), runId),
    exportOf: async (handle, { isLatest }) => {
      // Without a Web UI there is nothing to ask for.
      const found = base === undefined ? undefined : await handle.runId();
      return found !== undefined || isLatest ? linkTo(exportWorkflowId(handle.destinationId), found) : null;
    },
    schedule: (name) => (base === undefined ? null : scheduleUrl(base, namespace, temporalScheduleId(name))),
  };
}

async function baseOf({ temporal, baseFolder }: Settings): Promise<string | undefined> {
  if (temporal.webUi !== undefined) return temporal.webUi;
  const found = webUiOf(temporal.address);
  if (!found?.isLikely) return found?.url;
  for (const url of [await urlOfDev(temporal.address, baseFolder), found.url]) {
    // A server in a container, or behind a port forwarding, has its Web UI on another port, and then there is no link.
    if (url !== undefined && (await listens(url))) return url;
  }
  return undefined;
}

const FILE = 'web-ui.json';
/** The server, its Web UI, and the sandbox that is in the place of every account. */
const DevServerSchema = z.object({
  address: z.string(),
  url: z.string(),
  sandbox: z.object({ url: z.string(), apiKey: z.string() }).optional(),
});
type DevServer = z.infer<typeof DevServerSchema>;

/** `dev` leaves the addresses for the commands that run in the same folder, since its ports are options. */
export async function leaveServer(devFolder: string, server: DevServer): Promise<void> {
  await writeFile(join(devFolder, FILE), JSON.stringify(server));
}

export async function forgetServer(devFolder: string): Promise<void> {
  await rm(join(devFolder, FILE), { force: true });
}

/** Undefined: no `dev` has run here, or it starts. That is no error. */
export async function readDevServer(devFolder: string): Promise<DevServer | undefined> {
  try {
    return DevServerSchema.parse(JSON.parse(await readFile(join(devFolder, FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

async function urlOfDev(address: string, baseFolder: string): Promise<string | undefined> {
  const dev = await readDevServer(resolve(baseFolder, DEV_FOLDER));
  return dev?.address === address.replace(/^localhost:/, '127.0.0.1:') ? dev.url : undefined;
}

const LISTEN_MS = 300;

async function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(LISTEN_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
