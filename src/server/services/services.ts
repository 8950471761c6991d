import type { ServiceMethod } from '../../protocol/grpc/service-method.ts';
import type { HealthService } from './health-service.ts';

/** The methods of all services that run beside `ldlm.LDLM`. */
export function serviceMethods(health: HealthService): readonly ServiceMethod[] {
  return [...health.methods];
}
