import type { ServerOptions } from '../../config/server-options.ts';
import { checkAdminAccess } from './admin-access.ts';
import type { AdminGuard } from './admin-guard.ts';

/**
 * The guard of the admin listener, before anything is started; null when there is to be no such listener. What that is
 * made of is loaded only where there is one.
 *
 * @throws ConfigError, BindError
 */
export async function createAdminGuard(options: ServerOptions): Promise<AdminGuard | null> {
  if (options.adminListenAddress === '') return null;
  await checkAdminAccess(options);
  const { AdminGuard } = await import('./admin-guard.ts');
  return new AdminGuard({ ...options, isTls: options.tlsCertFile !== '' });
}
