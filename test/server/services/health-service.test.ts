import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { HealthService } from '../../../src/server/services/health-service.ts';
import { clientCoder } from './client-coder.ts';
import { callWith, RecordedCall } from './recorded-call.ts';

const coder = clientCoder<{ service: string }, { status: string }>(
  'grpc/health/v1/health.proto',
  'grpc.health.v1.Health',
  'Check',
);
const statuses = (call: RecordedCall) =>
  call.sent.map((bytes) => coder.responseDeserialize(Buffer.from(bytes)).status);

const services = ['ldlm.LDLM', 'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection'];

function methodOf(health: HealthService, name: string) {
  return health.methodsFor(services).find((method) => method.path === `/grpc.health.v1.Health/${name}`)!;
}

function check(health: HealthService, service: string): RecordedCall {
  return callWith(methodOf(health, 'Check'), coder.requestSerialize({ service }));
}

function watch(health: HealthService, service: string) {
  const call = new RecordedCall();
  const listener = methodOf(health, 'Watch').start(call);
  listener.message(coder.requestSerialize({ service }));
  listener.halfClosed();
  return { call, listener };
}

function servingHealth(): HealthService {
  const health = new HealthService();
  health.setServing(true);
  return health;
}

const names = ['', ...services];

describe('HealthService', () => {
  it('can be called without the password', () => {
    expect(new HealthService().methodsFor(services).map(({ path, open }) => [path, open])).toEqual([
      ['/grpc.health.v1.Health/Check', true],
      ['/grpc.health.v1.Health/Watch', true],
    ]);
  });

  it.each(names)('checks "%s"', (name) => {
    const health = new HealthService();
    for (const [serving, status] of [
      [false, 'NOT_SERVING'],
      [true, 'SERVING'],
      [false, 'NOT_SERVING'],
    ] as const) {
      health.setServing(serving);
      const call = check(health, name);
      expect([statuses(call), call.status]).toEqual([[status], GrpcStatus.Ok]);
    }
  });

  it('does not find an unknown service', () => {
    const call = check(servingHealth(), 'ldlm.Other');
    expect([call.sent, call.status, call.text]).toEqual([[], GrpcStatus.NotFound, 'unknown service']);
  });

  it('tells watchers the status at once and whenever it changes', () => {
    const health = new HealthService();
    const { call } = watch(health, 'ldlm.LDLM');
    expect(statuses(call)).toEqual(['NOT_SERVING']);
    health.setServing(true);
    health.setServing(true);
    health.setServing(false);
    expect(statuses(call)).toEqual(['NOT_SERVING', 'SERVING', 'NOT_SERVING']);
    expect(call.status).toBeNull();
  });

  it('keeps the watcher of an unknown service', () => {
    const health = servingHealth();
    const { call } = watch(health, 'ldlm.Other');
    health.setServing(false);
    expect([statuses(call), call.status]).toEqual([['SERVICE_UNKNOWN'], null]);
  });

  it('forgets a watcher that is gone', () => {
    const health = servingHealth();
    const { call, listener } = watch(health, '');
    listener.cancelled();
    health.setServing(false);
    expect(statuses(call)).toEqual(['SERVING']);
  });

  it('takes a limited number of watchers, and another one when one has gone', () => {
    const health = servingHealth();
    const listeners = Array.from(
      { length: Limits.healthWatchersMax },
      (_, i) => watch(health, i % 2 === 0 ? '' : 'ldlm.Other').listener,
    );
    const { call: refused } = watch(health, '');
    expect([refused.sent, refused.status]).toEqual([[], GrpcStatus.ResourceExhausted]);
    listeners[7]!.cancelled();
    expect(statuses(watch(health, '').call)).toEqual(['SERVING']);
    expect(watch(health, '').call.status).toBe(GrpcStatus.ResourceExhausted);
  });

  it('tells all watchers NOT_SERVING when it closes, and ends their calls', () => {
    const health = servingHealth();
    const { call: known } = watch(health, '');
    const { call: unknown } = watch(health, 'ldlm.Other');
    health.close();
    health.setServing(true);
    expect([statuses(known), known.status]).toEqual([['SERVING', 'NOT_SERVING'], GrpcStatus.Unavailable]);
    expect([statuses(unknown), unknown.status]).toEqual([['SERVICE_UNKNOWN'], GrpcStatus.Unavailable]);
    expect(statuses(check(health, ''))).toEqual(['NOT_SERVING']);
    const { call: late } = watch(health, '');
    expect([statuses(late), late.status]).toEqual([['NOT_SERVING'], GrpcStatus.Unavailable]);
  });
});
