import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { afterwards, connect, isEmbedded, launchRest, runToEnd } from '../server-process.ts';
import { CurlSession, keyIn } from './curl-session.ts';

const notFound = '{"error": "session cookie not found. create a new session at /session"}';
const expired = '{"error": "session cookie invalid or expired. create a new session at /session"}';
const invalidKey = '"error":{"code":"InvalidLockKey","message":"invalid lock key"}';
const noName =
  '{"locked":false,"name":"","key":"","error":{"code":"Unknown","message":"lock name cannot be empty"}}';
const lockedBody = (name: string) =>
  new RegExp(
    `^\\{"locked":true,"name":"${name}","key":"[0-9a-f-]{36}","fencing_token":"[0-9]+"(,"certain_ms":[0-9]+)?\\}$`,
  );

async function begin(...args: readonly string[]) {
  const started = await launchRest(...args);
  const base = `http://${started.rest}`;
  return { ...started, base, curl: await CurlSession.begin(base) };
}

describe('the REST cases, by curl', () => {
  it('74: POST /session answers 201, a cookie and an id of 32 hexadecimal digits', async () => {
    const { base } = await begin();
    const { status, headers, body } = await new CurlSession(base).ask(
      '/session',
      '-X',
      'POST',
      '-d',
      'no JSON',
    );
    expect(status).toBe(201);
    const id = /^\{"session_id": "([0-9a-f]{32})"\}$/.exec(body)![1];
    expect(headers).toMatch(/^content-type: application\/json\r$/im);
    expect(headers).toMatch(
      new RegExp(
        `^set-cookie: ldlm-session=${id}; Path=/; Expires=[^;]+ GMT; HttpOnly; SameSite=Strict\r$`,
        'im',
      ),
    );
  });

  it('75: any call without a cookie answers 401 "not found"', async () => {
    const { base } = await begin();
    const curl = new CurlSession(base);
    for (const path of ['/v1/lock', '/v1/unlock', '/v1/renew', '/v1/lock/wait', '/nowhere']) {
      expect(await curl.post(path, '{}')).toMatchObject({ status: 401, body: notFound });
    }
  });

  it('76: a foreign cookie answers 401 "invalid or expired"', async () => {
    const { base } = await begin();
    const cookie = ['-H', `Cookie: ldlm-session=${'0'.repeat(32)}`];
    expect(await new CurlSession(base).post('/v1/lock', '{}', ...cookie)).toMatchObject({
      status: 401,
      body: expired,
    });
  });

  it('77: DELETE /session answers 200; 401 without a cookie; 409 for an unknown one', async () => {
    const { base, curl } = await begin();
    expect(await curl.ask('/session', '-X', 'DELETE')).toMatchObject({
      status: 200,
      body: '{"session_id": ""}',
    });
    // curl is left with an empty cookie.
    expect(await curl.post('/v1/lock', '{}')).toMatchObject({ status: 401, body: expired });
    expect((await new CurlSession(base).ask('/session', '-X', 'DELETE')).status).toBe(401);
    expect(
      (await new CurlSession(base).ask('/session', '-X', 'DELETE', '-H', 'Cookie: ldlm-session=x')).status,
    ).toBe(409);
  });

  it('78: lock, held and mismatch have their bodies, with status 200', async () => {
    const { curl } = await begin();
    const granted = await curl.post('/v1/lock', '{"name":"My lock"}');
    expect(granted).toMatchObject({ status: 200, body: expect.stringMatching(lockedBody('My lock')) });
    expect(await curl.post('/v1/lock', '{"name":"My lock"}')).toMatchObject({
      status: 200,
      body: '{"locked":false,"name":"My lock","key":""}',
    });
    expect(await curl.post('/v1/lock', '{"name":"My lock","size":2}')).toMatchObject({
      status: 200,
      body: '{"locked":false,"name":"My lock","key":"","error":{"code":"LockSizeMismatch","message":"lock size mismatch"}}',
    });
    expect((await curl.post('/v1/lock', '{"name":"T4","lock_timeout_seconds":-1}')).body).toBe(
      '{"locked":false,"name":"T4","key":"","error":{"code":"Unknown","message":"lock timeout must be greater than 0"}}',
    );
    expect((await curl.post('/v1/unlock', '{"name":"My lock","key":"x"}')).body).toBe(
      `{"unlocked":false,"name":"My lock",${invalidKey}}`,
    );
    expect((await curl.post('/v1/unlock', '{"name":"nope"}')).body).toBe(
      '{"unlocked":false,"name":"nope","error":{"code":"LockDoesNotExist","message":"a lock by that name does not exist"}}',
    );
  });

  it('79: numbers as text, camel case, 2.0, null and unknown fields are accepted', async () => {
    const { curl } = await begin();
    const bodies = [
      '{"name":"a","lock_timeout_seconds":"120"}',
      '{"name":"b","lockTimeoutSeconds":120}',
      '{"name":"c","size":2.0}',
      '{"name":"d","size":1e1}',
      '{"name":"e","size":null}',
      '{"name":"f","unknown":{"a":[1]}}',
      '{"name":"g"}{"name":',
    ];
    for (const body of bodies) expect((await curl.post('/v1/lock', body)).body).toContain('"locked":true');
  });

  it('80: 1.5, true, overflow, a field twice, [] and null answer 400 with code 3', async () => {
    const { curl } = await begin();
    const bodies = [
      ...[
        '{"name":"a","size":1.5}',
        '{"name":"a","size":true}',
        '{"name":"a","size":99999999999}',
        '{"name":5}',
      ],
      ...[
        '{"name":"a","name":"b"}',
        '{"lock_timeout_seconds":1,"lockTimeoutSeconds":1}',
        '[]',
        'null',
        '{"name":',
      ],
      'garbage',
    ];
    for (const body of bodies) {
      expect(await curl.post('/v1/lock', body)).toMatchObject({
        status: 400,
        body: expect.stringMatching(/^\{"code":3,"message":"[^{}]+","details":\[\]\}$/),
      });
    }
  });

  it('81: no body and {} answer with the error of an empty name', async () => {
    const { curl } = await begin();
    expect(await curl.ask('/v1/lock', '-X', 'POST')).toMatchObject({ status: 200, body: noName });
    expect(await curl.post('/v1/lock', '{}')).toMatchObject({ status: 200, body: noName });
  });

  it('82: other methods on /v1/lock answer 405 with Allow', async () => {
    const { curl } = await begin();
    for (const method of ['GET', 'PUT', 'OPTIONS']) {
      const { status, headers, body } = await curl.ask('/v1/lock', '-X', method);
      expect(status).toBe(405);
      expect(headers).toMatch(/^allow: POST\r$/im);
      expect(body).toBe('{"code":12,"message":"Method Not Allowed","details":[]}');
    }
  });

  it('83: an unknown path and a trailing slash answer 404 with code 5', async () => {
    const { curl } = await begin();
    for (const path of ['/nowhere', '/v1/lock/', '/v1']) {
      expect(await curl.post(path, '{}')).toMatchObject({
        status: 404,
        body: '{"code":5,"message":"Not Found","details":[]}',
      });
    }
  });

  it('84: renew, and its older name, with a good key, a bad one, and no seconds', async () => {
    const { curl } = await begin();
    const key = keyIn(await curl.post('/v1/lock', '{"name":"R","lock_timeout_seconds":60}'));
    for (const path of ['/v1/renew', '/v1/refreshlock']) {
      const renew = async (rest: string) => (await curl.post(path, `{"name":"R",${rest}}`)).body;
      expect(await renew(`"key":"${key}","lock_timeout_seconds":60`)).toMatch(
        new RegExp(`^\\{"locked":true,"name":"R","key":"${key}"(,"certain_ms":[0-9]+)?\\}$`),
      );
      expect(await renew('"key":"bad","lock_timeout_seconds":60')).toBe(
        '{"locked":false,"name":"R","key":"bad","error":{"code":"LockDoesNotExistOrInvalidKey","message":"lock does not exist or invalid key"}}',
      );
      expect(await renew(`"key":"${key}"`)).toBe(
        '{"locked":false,"name":"R","key":"","error":{"code":"Unknown","message":"lock timeout must be greater than 0"}}',
      );
    }
  });

  it('85: a session that was idle for long ends 4 s after its last use, and its locks are released', async () => {
    const { address, curl, server } = await begin('--rest_session_timeout', '4s');
    await curl.post('/v1/lock', '{"name":"a"}');
    await sleep(2_500);
    await curl.post('/v1/lock', '{"name":"b"}');
    await sleep(2_500);
    const grpc = connect(address);
    expect(await grpc.tryLock({ name: 'a' })).toMatchObject({ locked: false });
    expect(await grpc.lock({ name: 'a', wait_timeout_seconds: 4 })).toMatchObject({ locked: true });
    expect(await grpc.tryLock({ name: 'b' })).toMatchObject({ locked: true });
    expect(server.stderr).toMatch(
      /"rest_session_id":"[0-9a-f]{8}","idle":4[0-9]{9},"msg":"REST session timeout"/,
    );
    expect(await curl.post('/v1/lock', '{}')).toMatchObject({ status: 401 });
  });

  it('86: DELETE /session releases the locks of the session', async () => {
    const { base, curl } = await begin();
    await curl.post('/v1/lock', '{"name":"a"}');
    const other = await CurlSession.begin(base);
    expect((await other.post('/v1/lock', '{"name":"a"}')).body).toContain('"locked":false');
    await curl.ask('/session', '-X', 'DELETE');
    expect((await other.post('/v1/lock', '{"name":"a"}')).body).toContain('"locked":true');
  });

  it('87: gRPC sees a lock of REST and unlocks it by its key, and the other way round', async () => {
    const { address, curl } = await begin();
    const key = keyIn(await curl.post('/v1/lock', '{"name":"a"}'));
    const grpc = connect(address);
    expect(await grpc.tryLock({ name: 'a' })).toMatchObject({ locked: false });
    expect(await grpc.unlock('a', key)).toMatchObject({ unlocked: true });
    const granted = await grpc.lock({ name: 'b' });
    expect((await curl.post('/v1/unlock', `{"name":"b","key":"${granted.key}"}`)).body).toBe(
      '{"unlocked":true,"name":"b"}',
    );
  });

  it('88: Basic Auth lets in any user with the right password, also one with a colon', async () => {
    const { rest } = await launchRest('--password', 'se:cret');
    for (const user of ['any', '']) {
      const curl = await CurlSession.begin(`http://${rest}`, '-u', `${user}:se:cret`);
      expect((await curl.post('/v1/lock', `{"name":"${user}x"}`)).body).toContain('"locked":true');
    }
  });

  it('89: a scheme in lower case, no colon and bad base64 answer 401 with Www-Authenticate', async () => {
    const { rest, server } = await launchRest('--password', 'secret');
    const curl = new CurlSession(`http://${rest}`);
    const right = Buffer.from('user:secret').toString('base64');
    const values = [
      ...[
        `basic ${right}`,
        `Basic  ${right}`,
        `Basic ${Buffer.from('secret').toString('base64')}`,
        'Basic *',
      ],
      ...[`Bearer ${right}`, `Basic ${Buffer.from('user:Secret').toString('base64')}`],
    ];
    for (const value of values) {
      const { status, headers, body } = await curl.ask('/nowhere', '-H', `Authorization: ${value}`);
      expect(status).toBe(401);
      expect(headers).toMatch(/^www-authenticate: Basic realm="Restricted"\r$/im);
      expect(headers).not.toMatch(/^content-type/im);
      expect(body).toBe('');
    }
    expect((await curl.ask('/session', '-X', 'POST')).status).toBe(401);
    expect(server.stderr).toMatch(/"client_addr":"127\.0\.0\.1:[0-9]+","msg":"Invalid password from client"/);
  });

  it('90: a half-sent body hinders nobody, also with a long poll in progress, and ends with 408', {
    timeout: 60_000,
  }, async () => {
    const { base, rest, curl, server } = await begin();
    await curl.post('/v1/lock', '{"name":"a"}');
    const poll = curl.post('/v1/lock/wait', '{"name":"a","wait_timeout_seconds":33}');
    const [host, port] = rest.split(':');
    const half = connectSocket({ host: host!, port: Number(port) });
    afterwards(() => half.destroy());
    const id = /ldlm-session=([0-9a-f]{32})/.exec((await curl.post('/v1/lock', '{}')).headers)![1];
    half.write(
      `POST /v1/lock HTTP/1.1\r\nHost: x\r\nCookie: ldlm-session=${id}\r\nContent-Length: 99\r\n\r\n{"na`,
    );
    let answer = '';
    half.on('data', (chunk) => {
      answer += String(chunk);
    });
    await sleep(300);
    const begunMs = performance.now();
    expect((await curl.post('/v1/lock', '{"name":"b"}')).body).toContain('"locked":true');
    const other = await CurlSession.begin(base);
    expect((await other.post('/v1/lock', '{"name":"c"}')).body).toContain('"locked":true');
    expect(performance.now() - begunMs).toBeLessThan(3_000);
    expect((await poll).body).toContain('LockWaitTimeout');
    expect(answer).toMatch(
      /^HTTP\/1.1 408 .*Connection: close.*"the rest of the request did not come within 30 s"/s,
    );
    expect(server.stderr.match(/"msg":"REST connection (cut off|failed)"/g)).toHaveLength(1);
  });

  it('95: a REST port that is taken ends the server with exit code 1, a clear text and no socket file', async () => {
    const { rest } = await begin();
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-taken-'));
    afterwards(() => rmSync(folder, { recursive: true, force: true }));
    const socket = join(folder, 'ipc.sock');
    const args = ['--listen_address', '127.0.0.1:0', '--ipc_socket_file', socket];
    // Such a server makes the file, and takes it along when it ends: else this would find none for want of a folder.
    const { server } = await launchRest(...args);
    expect(readdirSync(folder)).toContain('ipc.sock');
    expect((await server.stop()).exitCode).toBe(0);
    const { exitCode, stderr } = await runToEnd([...args, '--rest_listen_address', rest]);
    expect(readdirSync(folder)).toEqual([]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`listen tcp ${rest}: bind: address already in use`);
    expect(stderr).not.toContain('REST server started');
  });
});

describe('waiting over REST, by curl', () => {
  it('is granted the lock when its holder gives it back', async () => {
    const { base, curl } = await begin();
    const key = keyIn(await curl.post('/v1/lock', '{"name":"a"}'));
    const other = await CurlSession.begin(base);
    const waiting = other.post('/v1/lock/wait', '{"name":"a","wait_timeout_seconds":20}');
    await sleep(300);
    await curl.post('/v1/unlock', `{"name":"a","key":"${key}"}`);
    expect((await waiting).body).toMatch(lockedBody('a'));
  });

  it('ends when curl is stopped', async () => {
    const { address, base, curl } = await begin();
    const key = keyIn(await curl.post('/v1/lock', '{"name":"a"}'));
    const id = /ldlm-session=[0-9a-f]{32}/.exec((await curl.post('/v1/lock', '{}')).headers)![0];
    const waiter = spawn('curl', ['-s', '-H', `Cookie: ${id}`, '-d', '{"name":"a"}', `${base}/v1/lock/wait`]);
    await sleep(500);
    waiter.kill('SIGKILL');
    await sleep(200);
    await curl.post('/v1/unlock', `{"name":"a","key":"${key}"}`);
    expect(await connect(address).tryLock({ name: 'a' })).toMatchObject({ locked: true });
  });
});

describe('a body over REST, by curl', () => {
  it('may have 512 KiB, and not a byte more', async () => {
    const { curl } = await begin();
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-body-'));
    afterwards(() => rmSync(folder, { recursive: true, force: true }));
    const post = (bytes: number) => {
      writeFileSync(join(folder, 'body'), `{"name":"a"}${' '.repeat(bytes - 12)}`);
      return curl.ask('/v1/lock', '--data-binary', `@${join(folder, 'body')}`);
    };
    expect((await post(512 * 1024)).status).toBe(200);
    const refused = await post(512 * 1024 + 1);
    expect(refused.status).toBe(413);
    expect(refused.body).toContain('longer than 524288 bytes');
  });
});

// A state file is the embedded engine's.
if (isEmbedded) {
  describe('a restart', () => {
    it('keeps the locks of REST sessions with a state file, and their keys', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'ldlm-rest-'));
      afterwards(() => rmSync(folder, { recursive: true, force: true }));
      const args = ['--state_file', join(folder, 'state')];
      const first = await begin(...args);
      const key = keyIn(await first.curl.post('/v1/lock', '{"name":"a"}'));
      expect((await first.server.stop()).exitCode).toBe(0);
      const second = await begin(...args);
      expect((await second.curl.post('/v1/lock', '{"name":"a"}')).body).toContain('"locked":false');
      expect((await second.curl.post('/v1/unlock', `{"name":"a","key":"${key}"}`)).body).toContain(
        '"unlocked":true',
      );
    });
  });
}
