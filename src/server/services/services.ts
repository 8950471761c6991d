import { type ServiceMethod, ServiceRegistry } from '../../protocol/grpc/service-method.ts';
import type { AdminService } from './admin-service.ts';
import { loadDescriptorPool } from './descriptor-pool.ts';
import type { HealthService } from './health-service.ts';
import { listServices } from './proto-files.ts';
import { reflectionMethods } from './reflection-service.ts';

const LOCKS = 'ldlm.LDLM';
const ADMIN = 'ldlm.Admin';

const LOCKS_ELSEWHERE = "this socket is for administration: locks are taken at the server's listen_address";
const ADMIN_ELSEWHERE =
  'administration is served on the socket ipc_socket_file of the server, and here only with remote_admin';

/**
 * What clients can call: locks, health and reflection, and administration where it was switched on. There, keys are cut.
 *
 * @param admin null for no administration
 * @throws ProtoFilesError when the package's descriptors are missing or malformed.
 */
export function clientServices(health: HealthService, admin: AdminService | null): ServiceRegistry {
  if (admin === null) return register(health, [], new Map([[ADMIN, ADMIN_ELSEWHERE]]));
  return register(health, admin.methodsFor({ name: 'remote', wholeKeys: false }), new Map());
}

/**
 * What the operator can call on the server's own socket: administration with whole keys, health and reflection. Locks
 * are not served: they would end with a connection that is none of a client.
 *
 * @throws ProtoFilesError
 */
export function operatorServices(health: HealthService, admin: AdminService): ServiceRegistry {
  return register(
    health,
    admin.methodsFor({ name: 'IPC', wholeKeys: true }),
    new Map([[LOCKS, LOCKS_ELSEWHERE]]),
  );
}

/** Health and reflection tell of what this listener has, and of nothing else. */
function register(
  health: HealthService,
  methods: readonly ServiceMethod[],
  elsewhere: ReadonlyMap<string, string>,
): ServiceRegistry {
  const services = listServices().filter((service) => !elsewhere.has(service));
  const reflection = reflectionMethods(loadDescriptorPool().restrictedTo(services));
  return new ServiceRegistry([...health.methodsFor(services), ...reflection, ...methods], elsewhere);
}
