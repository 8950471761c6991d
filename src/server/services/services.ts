import type { ServiceMethod } from '../../protocol/grpc/service-method.ts';
import { loadDescriptorPool } from './descriptor-pool.ts';
import type { HealthService } from './health-service.ts';
import { reflectionMethods } from './reflection-service.ts';

/**
 * The methods of all services that run beside `ldlm.LDLM`.
 *
 * @throws ProtoFilesError when the package's descriptors are missing or malformed.
 */
export function serviceMethods(health: HealthService): readonly ServiceMethod[] {
  return [...health.methods, ...reflectionMethods(loadDescriptorPool())];
}
