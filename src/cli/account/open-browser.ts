import { spawn } from 'node:child_process';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Opens a link in the browser of this machine, without a shell. It fails silently: the link is printed as well.
 * @returns whether there is a browser to try
 */
export function openBrowser(link: string, env: Environment = process.env): boolean {
  const opener = openerOf(env);
  if (!opener) return false;
  const [command, ...args] = opener;
  const child = spawn(command, [...args, link], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
  return true;
}

/** Undefined: over SSH, or without a display, a browser would open where the user is not, or not at all. */
function openerOf(env: Environment): readonly [string, ...string[]] | undefined {
  if (env['SSH_CONNECTION'] !== undefined) return undefined;
  if (process.platform === 'darwin') return ['open'];
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  const hasDisplay = env['DISPLAY'] !== undefined || env['WAYLAND_DISPLAY'] !== undefined;
  return hasDisplay ? ['xdg-open'] : undefined;
}
