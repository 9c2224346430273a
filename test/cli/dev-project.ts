import { once } from 'node:events';
import { connect } from 'node:net';
import { destinationOf, openScene, type Scene } from './scene';

export async function answers(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export const SANDBOX_KEY = '0123456789abcdef0123456789abcdef-us1';

/** A project with a real account and a worker deployment without a build, which dev must not use. */
export async function openProject(): Promise<Scene> {
  const scene = await openScene();
  const accounts = { main: { apiKey: 'env:CLI_TEST_NOT_SET' } };
  const destinations = destinationOf(scene, {
    configure: { email: 'email', fields: { NICK: 'first' }, segments: { vip: null } },
  });
  const temporal = { taskQueue: scene.taskQueue, searchAttributes: true };
  const worker = { deployment: { name: 'mailchimp' } };
  await scene.writeConfig({ accounts, destinations, temporal, worker });
  return scene;
}
