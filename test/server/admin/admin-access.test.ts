import { describe, expect, it } from 'vitest';
import { checkAdminAccess } from '../../../src/server/admin/admin-access.ts';

const nothing = { password: '', clientCertVerify: false, clientCaFile: '' };

describe('checkAdminAccess', () => {
  it('asks for nothing at loopback', async () => {
    for (const adminListenAddress of ['127.0.0.1:0', '127.9.9.9:1', 'localhost:9090', '[::1]:9090']) {
      await checkAdminAccess({ ...nothing, adminListenAddress });
    }
  });

  it('asks for a password or client certificates anywhere else', async () => {
    for (const adminListenAddress of [':9090', '0.0.0.0:9090', '[::]:9090', '10.1.2.3:9090', '[fd00::1]:1']) {
      await expect(checkAdminAccess({ ...nothing, adminListenAddress })).rejects.toMatchObject({
        code: 'LDLM_CONFIG_INVALID',
        message:
          `admin_listen_address ${adminListenAddress} can be reached from other machines: ` +
          'set password, or tls_cert and client_ca, or listen at localhost',
      });
      await checkAdminAccess({ ...nothing, adminListenAddress, password: 'x' });
      await checkAdminAccess({ ...nothing, adminListenAddress, clientCertVerify: true });
      await checkAdminAccess({ ...nothing, adminListenAddress, clientCaFile: 'ca.pem' });
    }
  });

  it('says that a host name is unknown', async () => {
    const unknown = checkAdminAccess({ ...nothing, adminListenAddress: 'no.such.host.invalid:1' });
    await expect(unknown).rejects.toMatchObject({ code: 'LDLM_BIND' });
  });
});
