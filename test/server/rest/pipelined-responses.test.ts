import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { PipelinedResponses } from '../../../src/server/rest/pipelined-responses.ts';
import type { RawResponse } from '../../../src/server/rest/rest-call.ts';

describe('responses that wait for their connection', () => {
  it('are told of its end, but for those that were done before', () => {
    const told: RawResponse[] = [];
    const responses = new PipelinedResponses((response) => told.push(response));
    const socket = new EventEmitter() as Socket;
    const [a, b, c] = [{}, {}, {}] as [RawResponse, RawResponse, RawResponse];
    for (const response of [a, b, c]) responses.add(socket, response);
    expect(responses.sockets).toBe(1);
    expect(socket.listenerCount('close')).toBe(1);
    responses.remove(socket, b);
    responses.remove(null, c);
    socket.emit('close');
    expect(told).toStrictEqual([a, c]);
    expect(told[0]).toBe(a);
    expect(responses.sockets).toBe(0);
  });
});
