import { ReplyForm } from '../../core/reply-form.ts';
import type { EngineListener } from '../engine-listener.ts';
import type { RestServer, RestServerOptions } from './rest-server.ts';

/**
 * Serves REST where the options say so; null where they do not. What it is made of is loaded only then.
 *
 * @throws BindError, ListenAddressError
 */
export async function openRest(
  options: RestServerOptions,
  listener: EngineListener,
): Promise<RestServer | null> {
  if (options.options.restListenAddress === '') return null;
  const { RestServer } = await import('./rest-server.ts');
  const server = new RestServer(options);
  listener.attach(ReplyForm.Protobuf, server.replies);
  await server.listen();
  return server;
}
