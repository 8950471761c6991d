import { describe, expect, it } from 'vitest';
import { HealthService } from '../../../src/server/services/health-service.ts';
import { listServices } from '../../../src/server/services/proto-files.ts';
import { serviceMethods } from '../../../src/server/services/services.ts';

describe('serviceMethods', () => {
  const paths = serviceMethods(new HealthService()).map(({ path }) => path);

  it('has every service but ldlm.LDLM, which has a way of its own', () => {
    const served = new Set(paths.map((path) => path.split('/')[1]!));
    expect([...served, 'ldlm.LDLM'].sort()).toEqual(listServices());
  });

  it('has each method once', () => {
    expect(new Set(paths).size).toBe(paths.length);
  });
});
