import { LockClient, type LockRequest } from '../../clients/lock-client.ts';
import { afterwards, ServerProcess } from '../server-process.ts';
import { tlsCredentials } from '../tls-fixture.ts';

const adminLine = /Admin server started\. Listening on (?<address>[^"\s]+)/;

export interface DashboardServer {
  readonly server: ServerProcess;
  /** Where gRPC is served, and the dashboard. */
  readonly address: string;
  readonly adminAddress: string;
  readonly url: string;
}

/** Has something called when what it belongs to has ended. */
export type WhenDone = (close: () => unknown) => void;

/** Starts a server with a dashboard, by default for one test. Ports that are 0 are free ones. */
export async function launchDashboard(
  args: readonly string[] = [],
  adminListenAddress = '127.0.0.1:0',
  whenDone: WhenDone = afterwards,
): Promise<DashboardServer> {
  const flags = ['--listen_address', '127.0.0.1:0', '--admin_listen_address', adminListenAddress];
  const server = new ServerProcess([...flags, '--shutdown_grace', '1s', ...args]);
  whenDone(() => server.stop());
  const address = await server.ready();
  const adminAddress = adminLine.exec(server.stderr)?.groups?.['address'];
  if (adminAddress === undefined) throw new Error(`the dashboard is not served: ${server.stderr}`);
  return { server, address, adminAddress, url: `http://${adminAddress}/` };
}

/** A program that takes locks, with a connection of its own. By default it is ended after the test. */
export class Worker {
  readonly #client: LockClient;
  readonly #holder: string;

  constructor(
    address: string,
    holder: string,
    access: { readonly password?: string; readonly credentials?: 'tls' } = {},
    whenDone: WhenDone = afterwards,
  ) {
    const { password, credentials } = access;
    this.#client = new LockClient(address, {
      ...(password !== undefined && { password }),
      ...(credentials !== undefined && { credentials: tlsCredentials() }),
    });
    this.#holder = holder;
    whenDone(() => this.#client.close());
  }

  /** Takes the lock, or waits for it; resolves with its key. */
  async lock(name: string, request: LockRequest = {}): Promise<string> {
    const { locked, key } = await this.#client.lock({ holder: this.#holder, ...request, name });
    if (locked !== true) throw new Error(`${this.#holder} did not get ${name}`);
    return key;
  }

  /** Begins to wait for a lock that is taken. The promise is for whoever wants to see it granted. */
  wait(name: string, request: LockRequest = {}): Promise<string> {
    const key = this.lock(name, request);
    // The test may end first.
    key.catch(() => {});
    return key;
  }

  async unlock(name: string, key: string): Promise<boolean> {
    return (await this.#client.unlock(name, key)).unlocked === true;
  }

  /** Takes a lock and gives it back, or does not when the server is gone. */
  async lockAndUnlock(name: string): Promise<void> {
    try {
      await this.unlock(name, await this.lock(name));
    } catch {
      // The test has ended.
    }
  }

  /** Leaves without a word. */
  leave(): void {
    this.#client.close();
  }
}
