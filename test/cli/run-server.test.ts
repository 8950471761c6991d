import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { runServer, type ServerProgram } from '../../src/cli/run-server.ts';
import type { Environment } from '../../src/config/read-env.ts';
import type { ServerOptions } from '../../src/config/server-options.ts';
import { LdlmServerError } from '../../src/contract/server-error.ts';
import { IpcSocketError } from '../../src/server/ipc/ipc-socket-error.ts';
import { TlsConfigError, TlsOptionsError } from '../../src/server/tls-context.ts';
import { writeScratchFile } from '../config/scratch-file.ts';

type StartServer = ServerProgram['startServer'];

const neverStarts: StartServer = () => Promise.reject(new Error('was not to be started'));

/** Runs the program, with `startServer` in the server's place, and collects what it prints and logs. */
function run(argv: readonly string[], env: Environment = {}, startServer: StartServer = neverStarts) {
  const signals = new EventEmitter();
  const output = { stdout: '', stderr: '', log: '' };
  const collect = (name: keyof typeof output) => ({
    write(text: string): void {
      output[name] += text;
    },
  });
  const program: ServerProgram = {
    argv,
    env,
    stdout: collect('stdout'),
    stderr: collect('stderr'),
    columns: 80,
    signals,
    logStream: collect('log'),
    startServer,
  };
  return { output, signals, exitCode: runServer(program) };
}

/** A server that runs until it is closed or fails. */
class StandIn {
  options: ServerOptions | null = null;
  closeCount = 0;
  readonly started: Promise<void>;
  readonly closed: Promise<void>;
  #onStarted: () => void = () => {};
  #onClosed: () => void = () => {};
  fail: (error: Error) => void = () => {};

  constructor() {
    this.started = new Promise((resolve) => {
      this.#onStarted = resolve;
    });
    this.closed = new Promise((resolve, reject) => {
      this.#onClosed = resolve;
      this.fail = reject;
    });
  }

  start: StartServer = async (options) => {
    this.options = options;
    this.#onStarted();
    return this;
  };

  async close(): Promise<void> {
    this.closeCount++;
    this.#onClosed();
    return this.closed;
  }
}

describe('runServer', () => {
  it.each([
    ['--help', /^Usage: ldlm-server \[options\]\n/],
    ['-h', /^Usage: ldlm-server \[options\]\n/],
    ['--version', /^Version: \d.*\nCommit: .*\nBuilt: .*\n$/],
    ['--print_env_template', /^LDLM_LOCK_GC_INTERVAL=30m$/m],
    ['--print_yaml_template', /^lock_gc_interval: 30m$/m],
    ['completion', /ldlm-server/],
  ])('answers %s on stdout', async (word, text) => {
    const { output, exitCode } = run([word], { LDLM_SHARDS: 'abc', SHELL: '/bin/bash' });
    expect(await exitCode).toBe(0);
    expect(output.stdout).toMatch(text);
    expect(output.stdout.endsWith('\n')).toBe(true);
    expect(output.stderr + output.log).toBe('');
  });

  it('answers LDLM_VERSION', async () => {
    const { output, exitCode } = run([], { LDLM_VERSION: '1' });
    expect(await exitCode).toBe(0);
    expect(output.stdout).toMatch(/^Version: /);
  });

  it.each([
    [['--nope'], "unknown flag: --nope\nRun 'ldlm-server --help' for usage.\n"],
    [['-n', 'false'], "unexpected argument: false\nRun 'ldlm-server --help' for usage.\n"],
    [['completion', 'x'], "unexpected argument: completion\nRun 'ldlm-server --help' for usage.\n"],
    [
      ['-v', 'INFO'],
      'error parsing configuration: log_level must be one of debug, info, warn, error\n' +
        "Run 'ldlm-server --help' for usage.\n",
    ],
  ])('exits 2 at the command line %j', async (argv, text) => {
    const { output, exitCode } = run(argv);
    expect(await exitCode).toBe(2);
    expect(output).toStrictEqual({ stdout: '', stderr: text, log: '' });
  });

  it.each([
    [
      'LDLM_LOG_LEVEL',
      'INFO',
      'error parsing configuration: log_level must be one of debug, info, warn, error\n',
    ],
    [
      'LDLM_SHARDS',
      'abc',
      'error parsing configuration: setFromEnv(): error setting value of field Shards: ' +
        'strconv.ParseUint: parsing "abc": invalid syntax\n',
    ],
    [
      'LDLM_CONFIG_FILE',
      '/nowhere.yaml',
      'error parsing configuration: error reading config file /nowhere.yaml: ' +
        'open /nowhere.yaml: no such file or directory \n',
    ],
    [
      'LDLM_LISTEN_ADDRESS',
      'nocolon',
      'net.Run() error starting server: listen tcp: address nocolon: missing port in address\n',
    ],
  ])('exits 2 at %s=%s', async (variable, value, text) => {
    const { output, exitCode } = run([], { [variable]: value });
    expect(await exitCode).toBe(2);
    expect(output).toStrictEqual({ stdout: '', stderr: text, log: '' });
  });

  it.each([
    ['--zookeeper_path_map', 'foo'],
    ['--zookeeper_connect', '127.0.0.1:x'],
    ['--shards', '2'],
  ])('exits 2 at %s %s with engine zookeeper', async (flag, value) => {
    const { output, exitCode } = run(['--engine=zookeeper', '--zookeeper_connect=a', flag, value]);
    expect(await exitCode).toBe(2);
    expect(output.stderr).toContain(`error parsing configuration: ${flag.slice(2)}`);
  });

  it.each([
    [2, 'what is in the options', new TlsOptionsError('no certificate')],
    [1, 'what is in the files', new TlsConfigError('no certificate in it')],
    [1, 'whatever may pass', new LdlmServerError('LDLM_BIND', 'the port is taken')],
  ])('exits %d at a start that fails for %s', async (expected, _reason, error) => {
    const { output, exitCode } = run([], {}, () => Promise.reject(error));
    expect(await exitCode).toBe(expected);
    expect(output.stderr).toBe(`net.Run() error starting server: ${error.message}\n`);
  });

  it('hands the options of all sources to the server', async () => {
    const server = new StandIn();
    const file = writeScratchFile('a.yaml', 'shards: 3\n');
    const { signals, exitCode } = run(['-c', file, '-l', ':0'], { LDLM_PASSWORD: 'secret' }, server.start);
    await server.started;
    expect(server.options).toMatchObject({ shards: 3, listenAddress: ':0', password: 'secret' });
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await exitCode).toBe(0);
  });

  it.each<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGQUIT'])('stops in order at %s', async (signal) => {
    const server = new StandIn();
    const { output, signals, exitCode } = run([], {}, server.start);
    await server.started;
    expect(server.closeCount).toBe(0);
    signals.emit('SIGHUP', 'SIGHUP');
    signals.emit(signal, signal);
    expect(await exitCode).toBe(0);
    expect(server.closeCount).toBe(1);
    expect(output.log).toMatch(/Signal ignored.*\n.*Stop requested/);
    expect(signals.eventNames()).toStrictEqual([]);
  });

  it('stops a server that was starting when the signal came', async () => {
    const server = new StandIn();
    const { signals, exitCode } = run([], {}, async (options) => {
      signals.emit('SIGTERM', 'SIGTERM');
      return server.start(options);
    });
    expect(await exitCode).toBe(0);
    expect(server.closeCount).toBe(1);
  });

  it('ends a start that is told of the stop, and exits 0', async () => {
    const { output, signals, exitCode } = run([], {}, ({ signal }) => {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    });
    await new Promise(setImmediate);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await exitCode).toBe(0);
    expect(output.stderr).toBe('');
    expect(output.log).toContain('Stop requested');
    expect(signals.eventNames()).toStrictEqual([]);
  });

  it('exits 1 when a start fails by itself behind the stop', async () => {
    const { output, signals, exitCode } = run([], {}, async () => {
      signals.emit('SIGTERM', 'SIGTERM');
      throw new LdlmServerError('LDLM_BIND', 'the port is taken');
    });
    expect(await exitCode).toBe(1);
    expect(output.stderr).toBe('net.Run() error starting server: the port is taken\n');
  });

  it('exits at once at a second signal, also while starting', async () => {
    const starts: StartServer[] = [
      () => new Promise(() => {}),
      async () => ({ close: () => new Promise(() => {}), closed: new Promise(() => {}) }),
    ];
    for (const start of starts) {
      const { signals, exitCode } = run([], {}, start);
      await new Promise(setImmediate);
      signals.emit('SIGTERM', 'SIGTERM');
      signals.emit('SIGINT', 'SIGINT');
      expect(await exitCode).toBe(130);
    }
  });

  it('exits 1 when the server cannot go on, and leaves it to the server to say why', async () => {
    const server = new StandIn();
    const { output, exitCode } = run([], {}, server.start);
    await server.started;
    server.fail(new LdlmServerError('LDLM_SHARD_DIED', 'shard 3 died'));
    expect(await exitCode).toBe(1);
    expect([output.log, output.stderr, server.closeCount]).toEqual(['', '', 0]);
  });

  it('exits 1 when the server cannot go on while it stops', async () => {
    let fail = (_error: Error): void => {};
    const closed = new Promise<void>((_resolve, reject) => {
      fail = reject;
    });
    const close = async (): Promise<void> => fail(new LdlmServerError('LDLM_SHARD_DIED', 'shard 3 died'));
    const { signals, output, exitCode } = run([], {}, async () => ({ close, closed }));
    await new Promise(setImmediate);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await exitCode).toBe(1);
    expect(output.log).not.toContain('shard 3 died');
  });

  it('exits 1 when the stop itself fails', async () => {
    const close = () => Promise.reject(new Error('the journal is full'));
    const { signals, output, exitCode } = run([], {}, async () => ({ close, closed: new Promise(() => {}) }));
    await new Promise(setImmediate);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await exitCode).toBe(1);
    expect(output.log).toContain('the journal is full');
  });

  it('says in one line why the server did not start', async () => {
    const { output, exitCode } = run([], {}, async () => {
      throw new LdlmServerError('LDLM_TLS_CONFIG', 'tls: private key does not match');
    });
    expect(await exitCode).toBe(1);
    expect(output.stderr).toBe('net.Run() error starting server: tls: private key does not match\n');
  });

  it('says of the socket for administration what LDLM says', async () => {
    const { output, exitCode } = run([], {}, async () => {
      throw new IpcSocketError('file: /tmp/ldlm-ipc.sock exists.');
    });
    expect(await exitCode).toBe(1);
    expect(output.stderr).toBe(
      'server.New() error creating server: ipc.Run(): file: /tmp/ldlm-ipc.sock exists.\n',
    );
  });
});
