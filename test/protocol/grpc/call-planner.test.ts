import { describe, expect, it } from 'vitest';
import { Method } from '../../../src/contract/method.ts';
import type { CallPlan } from '../../../src/protocol/grpc/call-plan.ts';
import { CallPlanner } from '../../../src/protocol/grpc/call-planner.ts';
import { ServiceRegistry } from '../../../src/protocol/grpc/service-method.ts';
import { RequestHead } from '../../../src/protocol/http2/request-head.ts';

type Overrides = Partial<
  Pick<
    RequestHead<CallPlan>,
    'path' | 'method' | 'contentType' | 'grpcTimeout' | 'grpcEncoding' | 'authorization'
  >
>;

function headOf(overrides: Overrides): RequestHead<CallPlan> {
  const usual = {
    method: 'POST',
    path: '/ldlm.LDLM/Lock',
    contentType: 'application/grpc',
    authorization: 'secret',
  };
  return Object.assign(new RequestHead<CallPlan>(), usual, overrides);
}

/** A planner behind a password, and how often the password was looked at. */
function plannerOf(): { plan: (overrides?: Overrides) => CallPlan; checks: () => number } {
  let checks = 0;
  const planner = new CallPlanner(new ServiceRegistry([]), (authorization) => {
    checks++;
    return authorization === 'secret' ? null : 'invalid credentials';
  });
  return { plan: (overrides = {}) => planner.plan(headOf(overrides)), checks: () => checks };
}

describe('CallPlanner', () => {
  it('gives each call its own timeout and looks at the password once', () => {
    const { plan, checks } = plannerOf();
    const timeouts = ['5S', '4999m', '7S', ''].map((grpcTimeout) => plan({ grpcTimeout }).timeoutMs);
    expect(timeouts).toEqual([5_000, 4_999, 7_000, Number.POSITIVE_INFINITY]);
    expect(checks()).toBe(1);
  });

  it('remembers each of several methods', () => {
    const { plan, checks } = plannerOf();
    for (let i = 0; i < 3; i++) {
      expect(plan({ grpcTimeout: `${i}S` }).method).toBe(Method.Lock);
      expect(plan({ grpcTimeout: `${i}S`, path: '/ldlm.LDLM/Unlock' }).method).toBe(Method.Unlock);
    }
    expect(checks()).toBe(2);
  });

  it('judges anew whatever differs in more than the timeout', () => {
    const { plan } = plannerOf();
    expect(plan().answer).toBeNull();
    for (const other of [
      { authorization: 'Secret' },
      { authorization: null },
      { method: 'GET' },
      { contentType: 'text/plain' },
      { grpcEncoding: 'gzip' },
      { path: '/ldlm.LDLM/Steal' },
      { grpcTimeout: 'soon' },
    ]) {
      expect(plan(other).answer, JSON.stringify(other)).not.toBeNull();
    }
    expect(plan().answer).toBeNull();
  });

  it('does not take a refused head for an accepted one', () => {
    const { plan, checks } = plannerOf();
    expect(plan({ authorization: 'wrong' }).answer).not.toBeNull();
    expect(plan({ authorization: 'wrong' }).answer).not.toBeNull();
    expect(checks()).toBe(2);
  });

  it('keeps the plan with its head', () => {
    const { plan } = plannerOf();
    const planner = new CallPlanner(new ServiceRegistry([]), () => null);
    const head = headOf({});
    expect(planner.plan(head)).toBe(planner.plan(head));
    expect(plan()).not.toBe(plan());
  });
});
