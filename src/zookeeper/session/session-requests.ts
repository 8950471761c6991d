import { OpCode } from '../wire/op-code.ts';
import { ClientClosedError } from '../zookeeper-error.ts';
import { removeWatches, sync } from './operations.ts';
import { Request, type RequestParts } from './request.ts';
import type { SessionLink } from './session-link.ts';

/** How long the end of a session may take; the server ends it by its timeout otherwise. */
const CLOSE_MS_MAX = 2_000;

const closing: RequestParts<void> = {
  op: OpCode.CloseSession,
  path: '',
  isRead: false,
  write: () => {},
  read: () => {},
};

/** Any path will do: a server asks its leader all the same, and nobody is asked for permission. */
const asking = sync({ server: '/', client: '/' });

/** A request whose answer proves that the leader knows the session. It is not made again: the next one is as good. */
export function proof(): Request {
  return once(asking);
}

/** A request that has the server forget the watches of a node. Another server, which does not have them, is not asked. */
export function unwatching(path: string): Request {
  return once(removeWatches({ server: path, client: path }));
}

/** Whether it fails is nobody's concern. */
function once(parts: RequestParts<void>): Request {
  const request = new Request(parts, 0, () => {});
  request.promise.catch(() => {});
  return request as Request;
}

/** Tells the server that the session is over, lets it answer what was asked before, and ends the link. */
export function closeSession(link: SessionLink): Promise<void> {
  return finish(link, closing);
}

/** Lets the server answer what was asked before, and ends the link alone: the session goes on until its timeout. */
export function leaveSession(link: SessionLink): Promise<void> {
  return finish(link, asking);
}

/** @param last is asked behind all others */
async function finish(link: SessionLink, last: RequestParts<void>): Promise<void> {
  const request = new Request(last, 0, () => {});
  link.send(request as Request, 0);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS_MAX);
  });
  await Promise.race([request.promise.catch(() => {}), late]);
  clearTimeout(timer);
  failAll(link.destroy());
}

/** Nobody answers them any more. */
export function failAll(requests: readonly Request[]): void {
  for (const request of requests) request.fail(new ClientClosedError(request.path));
}
