import type { RequestListener } from 'node:http';
import { HttpPeer, type SeenRequest } from './http-peer.ts';

/** A server of sessions and nothing else, whose answers the test may put off or change. */
export interface SessionPeer {
  readonly peer: HttpPeer;
  /** The cookies of the sessions that it knows. */
  readonly live: Set<string>;
  /** What it answers by itself. */
  readonly answer: RequestListener;
  /** The requests of a method that have come. */
  seen(method: string, path?: string): SeenRequest[];
}

/** @param timeoutMs how long a session lasts without a request, as it says; null: it does not say */
export async function openSessions(timeoutMs: number | null): Promise<SessionPeer> {
  const peer = await HttpPeer.open();
  const live = new Set<string>();
  const nowMs = Date.UTC(2026, 0);
  const expires = timeoutMs === null ? '' : `; Expires=${new Date(nowMs + timeoutMs).toUTCString()}`;
  let begun = 0;
  const answer: RequestListener = ({ method, headers, url }, response) => {
    const begins = method === 'POST' && url === '/session';
    const cookie = begins ? `ldlm-session=${++begun}` : String(headers.cookie);
    if (begins) live.add(cookie);
    const isKnown = live.has(cookie);
    if (isKnown) response.setHeader('Set-Cookie', `${cookie}; Path=/${expires}; HttpOnly`);
    const status = begins ? 201 : isKnown ? 200 : 401;
    response.writeHead(status, { date: new Date(nowMs).toUTCString() }).end('{}');
  };
  peer.answer = answer;
  const seen = (method: string, path = '/session'): SeenRequest[] =>
    peer.seen.filter((request) => request.method === method && request.path === path);
  return { peer, live, answer, seen };
}
