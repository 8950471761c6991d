import { expect, it } from 'vitest';
import { ServiceRegistry } from '../../../src/protocol/grpc/service-method.ts';
import { RecordedService } from './recorded-calls.ts';

it('finds methods by path and knows their services', () => {
  const method = new RecordedService('/pkg.Service/Call', false);
  const registry = new ServiceRegistry([method]);
  expect(registry.find('/pkg.Service/Call')).toBe(method);
  expect(registry.find('/pkg.Service/Other')).toBeNull();
  expect(registry.find('pkg.Service/Call')).toBeNull();
  expect(registry.hasService('pkg.Service')).toBe(true);
  expect(registry.hasService('pkg')).toBe(false);
  expect(registry.whereElse('pkg.Service')).toBeNull();
});

it('says where services are called that it does not have', () => {
  const registry = new ServiceRegistry([], new Map([['pkg.Service', 'over there']]));
  expect(registry.whereElse('pkg.Service')).toBe('over there');
  expect(registry.hasService('pkg.Service')).toBe(false);
});
