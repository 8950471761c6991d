import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { peers, root } from './peers.ts';
import { afterwards } from './server-process.ts';

interface PythonAnswer {
  readonly locked?: boolean;
  readonly key?: string;
  /** The name of the exception's class. */
  readonly error?: string;
}

export interface PythonLocker {
  readonly child: ChildProcess;
  /** Calls a method of LDLM's client with these keyword arguments. */
  readonly call: (method: string, words: object) => Promise<PythonAnswer>;
}

/** LDLM's Python client in a process of its own, for one test. */
export function startPythonLocker(address: string): PythonLocker {
  const words = [`${root}test/interop/python/locker.py`, address];
  const child = spawn(peers.python, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  afterwards(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const call = async (method: string, words: object): Promise<PythonAnswer> => {
    child.stdin.write(`${JSON.stringify({ call: method, ...words })}\n`);
    const { value } = await lines.next();
    return JSON.parse(String(value)) as PythonAnswer;
  };
  return { child, call };
}
