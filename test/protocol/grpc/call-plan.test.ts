import { describe, expect, it } from 'vitest';
import { data, END, type Fields, headers, POST } from '../http2/wire-frames.ts';
import { message, RecordedCalls } from './recorded-calls.ts';

const path = (value: string, ...extra: Fields): Fields => [
  ...POST.map(([name, old]) => [name, name === ':path' ? value : old] as const),
  ...extra,
];
const contentType = (value: string): Fields =>
  POST.map(([name, old]) => [name, name === 'content-type' ? value : old] as const);

/** What is answered to this head, without the body having come. */
function refusalOf(fields: Fields, password: string | null = null): string {
  return new RecordedCalls(password).receive(headers(1, fields)).refusal();
}

describe('a gRPC head that cannot be served', () => {
  it.each([
    ['/foo.Bar/Baz', 'grpc-status=12 grpc-message=unknown service foo.Bar'],
    ['/ldlm.LDLM/Steal', 'grpc-status=12 grpc-message=unknown method Steal for service ldlm.LDLM'],
    ['/test.Service/Other', 'grpc-status=12 grpc-message=unknown method Other for service test.Service'],
    ['/a/b/c', 'grpc-status=12 grpc-message=unknown service a/b'],
    ['/nothing', 'grpc-status=12 grpc-message=malformed method name: "/nothing"'],
    ['ldlm.LDLM/Lock', 'grpc-status=12 grpc-message=malformed method name: "ldlm.LDLM/Lock"'],
    ['/ldlm.LDLM/lock', 'grpc-status=12 grpc-message=unknown method lock for service ldlm.LDLM'],
    ['/100%/x', 'grpc-status=12 grpc-message=unknown service 100%25'],
  ])('%s', (value, refusal) => {
    expect(refusalOf(path(value))).toBe(refusal);
  });

  it.each(['/ldlm.LDLM/Lock', '/ldlm.LDLM/Other', '/pkg.Away/Call'])(
    '%s, which is served elsewhere',
    (value) => {
      const elsewhere = new Map([
        ['ldlm.LDLM', 'next door'],
        ['pkg.Away', 'next door'],
      ]);
      const refusal = (password: string | null) => {
        const calls = new RecordedCalls(password, elsewhere);
        calls.receive(headers(1, path(value)), data(1, message('x'), END));
        expect(calls.events.filter((event) => !event.startsWith('denied'))).toEqual([]);
        return calls.refusal();
      };
      expect(refusal(null)).toBe('grpc-status=12 grpc-message=next door');
      expect(refusal('secret')).toBe('grpc-status=16 grpc-message=missing credentials');
    },
  );

  it('has a text that is cut, however long the path is', () => {
    expect(refusalOf(path(`/${'s'.repeat(5000)}/x`)).length).toBeLessThan(700);
  });

  it.each(['', 'x', '1', 'S', '123456789S', '1s', '-1S', '1.5S', ' 1S'.trim().concat(' x')])(
    'has a malformed timeout: %j',
    (timeout) => {
      const refusal = refusalOf([...POST, ['grpc-timeout', timeout]]);
      if (timeout === '') expect(refusal).toBe('nothing');
      else expect(refusal).toBe(`grpc-status=13 grpc-message=malformed grpc-timeout: ${timeout}`);
    },
  );

  it('asks for an encoding that is not there, and is told which are', () => {
    const calls = new RecordedCalls().receive(headers(1, [...POST, ['grpc-encoding', 'gzip']]));
    expect(calls.said()[0]).toBe(
      'HEADERS 1 :status=200 content-type=application/grpc grpc-accept-encoding=identity ' +
        'grpc-status=12 grpc-message=grpc: Decompressor is not installed for grpc-encoding "gzip" END',
    );
  });

  it('may say identity', () => {
    const calls = new RecordedCalls();
    calls.receive(headers(1, [...POST, ['grpc-encoding', 'identity']]), data(1, message('x'), END));
    expect(calls.events).toEqual(['Lock 1 x']);
  });
});

describe('the password', () => {
  it.each<[string, Fields, string]>([
    ['missing', POST, 'grpc-status=16 grpc-message=missing credentials'],
    ['wrong', [...POST, ['authorization', 'x']], 'grpc-status=16 grpc-message=invalid credentials'],
    ['empty', [...POST, ['authorization', '']], 'grpc-status=16 grpc-message=invalid credentials'],
    ['right', [...POST, ['authorization', 'secret']], 'nothing'],
    ['right at first', [...POST, ['authorization', 'secret'], ['authorization', 'x']], 'nothing'],
    ['missing for an unknown method', path('/a.B/C'), 'grpc-status=16 grpc-message=missing credentials'],
    ['missing for a service', path('/test.Service/Watch'), 'grpc-status=16 grpc-message=missing credentials'],
    ['missing for an open service', path('/test.Open/Call'), 'nothing'],
    [
      'missing with a bad timeout',
      [...POST, ['grpc-timeout', 'x']],
      'grpc-status=16 grpc-message=missing credentials',
    ],
    [
      'missing with an encoding',
      [...POST, ['grpc-encoding', 'gzip']],
      'grpc-status=16 grpc-message=missing credentials',
    ],
  ])('%s', (_name, fields, refusal) => {
    expect(refusalOf(fields, 'secret')).toBe(refusal);
  });

  it('is checked before any byte of the message, which is then ignored', () => {
    const calls = new RecordedCalls('secret');
    calls.receive(headers(1), data(1, message('x'), END));
    expect(calls.events).toEqual(['denied: missing credentials']);
    expect(calls.said()).toHaveLength(2);
  });

  it('is told of when it is refused, once for equal header blocks', () => {
    const calls = new RecordedCalls('secret');
    for (const id of [1, 3, 5]) calls.receive(headers(id, [...POST, ['authorization', 'x']]));
    calls.receive(
      headers(7, [...POST, ['authorization', 'y']]),
      headers(9, [...POST, ['authorization', 'secret']]),
    );
    expect(calls.events).toEqual(['denied: invalid credentials', 'denied: invalid credentials']);
  });
});

describe('a head that is not gRPC', () => {
  const status = (fields: Fields): string => {
    const calls = new RecordedCalls().receive(headers(1, fields, END));
    return calls.said().join('\n');
  };
  const method = (value: string): Fields =>
    POST.map(([name, old]) => [name, name === ':method' ? value : old] as const);

  it('with another content-type gets 415', () => {
    expect(status(contentType('application/json'))).toBe(
      'HEADERS 1 :status=415 grpc-status=2 grpc-message=invalid gRPC request content-type "application/json" END',
    );
    expect(status(contentType(''))).toContain(':status=415');
    expect(status(contentType('application/grpc-web'))).toContain(':status=415');
  });

  it('with another method gets 405', () => {
    expect(status(method('PUT'))).toBe('HEADERS 1 :status=405 allow=POST END');
  });

  it('of GET is told what this is, and HEAD gets the same without the text', () => {
    const [head, body] = status(method('GET')).split('\nDATA 1 ');
    const length = /content-length=(\d+)$/.exec(head!)![1];
    expect(body!.length).toBe(Number(length));
    expect(status(method('HEAD'))).toBe(`${head} END`);
  });

  it('with too long a header list gets 431', () => {
    const big: Fields = Array.from({ length: 30 }, (_, i) => [`x-${i}`, 'v'.repeat(500)]);
    expect(status([...POST, ...big])).not.toContain('431');
    const calls = new RecordedCalls();
    // Four long fields put into the table, then indexed again and again.
    const insert = Buffer.concat([
      Buffer.from('4003', 'hex'),
      Buffer.from('big'),
      Buffer.from('7fe90f', 'hex'),
      Buffer.alloc(2152, 'v'),
    ]);
    const block = Buffer.concat([Buffer.from('838684', 'hex'), insert, Buffer.alloc(60, 0xbe)]);
    const head = Buffer.alloc(9);
    head.writeUIntBE(block.length, 0, 3);
    head[3] = 1;
    head[4] = 5;
    head[8] = 1;
    calls.receive(Buffer.concat([head, block]));
    expect(calls.said()).toEqual(['HEADERS 1 :status=431 END']);
    expect(calls.calls.connection.ended).toBe(false);
  });
});

it('reads equal heads once', () => {
  let checks = 0;
  const calls = new RecordedCalls();
  const timed = path('/ldlm.LDLM/Unlock', ['grpc-timeout', '5S']);
  for (let id = 1; id < 20; id += 2) {
    calls.nowMs += 10;
    calls.receive(headers(id, timed), data(id, message('x'), END));
    checks++;
  }
  expect(calls.events).toHaveLength(checks);
  expect(calls.events.at(-1)).toBe('Unlock 19 x by 6100');
});
