/**
 * The load, a process of its own: connections that each send a TryLock of a free lock as soon as the last one is
 * answered. Arguments: address, process to watch, connections, seconds, and `bare` for a server without sessions. It
 * prints one line of JSON.
 */
import { readCpuSeconds } from '../load/process-usage.ts';
import { RestConnection, requestBytes } from './rest-connection.ts';

const [address = '', pid = '', connections = '8', seconds = '2', bare] = process.argv.slice(2);
const WARMUP_MS = 500;
const DIGITS = 10;

const lanes: RestConnection[] = [];
for (let i = 0; i < Number(connections); i++) lanes.push(await RestConnection.open(address));
const cookie = bare === 'bare' ? '' : await beginSession(lanes[0]!);
// Both servers are sent the same bytes.
const headers = [`Cookie: ${cookie === '' ? `ldlm-session=${'0'.repeat(32)}` : cookie}`];

let calls = 0;
let names = 0;
let failed = '';
let ending = false;
measure();
await Promise.all(lanes.map((lane) => new Promise<void>((resolve) => loop(lane, resolve))));
for (const lane of lanes) lane.close();

function loop(lane: RestConnection, done: () => void): void {
  const request = requestBytes('POST', '/v1/lock', headers, `{"name":"bench/${'0'.repeat(DIGITS)}"}`);
  const digits = request.length - DIGITS - 2;
  const next = (): void => {
    if (ending) return done();
    request.write(String(names++).padStart(DIGITS, '0'), digits, 'latin1');
    lane.send(request, answered);
  };
  const answered = (answer: Buffer): void => {
    calls++;
    if (answer[9] !== 0x32) failed = answer.toString('latin1');
    next();
  };
  next();
}

function measure(): void {
  setTimeout(() => {
    const before = { calls, cpu: readCpuSeconds(Number(pid)), ms: performance.now() };
    setTimeout(() => {
      const count = calls - before.calls;
      const elapsed = (performance.now() - before.ms) / 1000;
      const cpuMicros = ((readCpuSeconds(Number(pid)) - before.cpu) / count) * 1e6;
      ending = true;
      process.stdout.write(`${JSON.stringify({ rate: count / elapsed, cpuMicros, failed })}\n`);
      void endSession();
    }, Number(seconds) * 1000);
  }, WARMUP_MS);
}

async function beginSession(lane: RestConnection): Promise<string> {
  const answer = await lane.ask(requestBytes('POST', '/session', []));
  return /ldlm-session=[0-9a-f]{32}/.exec(answer)![0];
}

/** What was locked is released, or the server would grow from run to run. */
async function endSession(): Promise<void> {
  if (cookie === '') return;
  const lane = await RestConnection.open(address);
  await lane.ask(requestBytes('DELETE', '/session', [`Cookie: ${cookie}`]));
  lane.close();
}
