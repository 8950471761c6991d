import type { SessionInfo } from '../../../src/contract/lock-info.ts';
import { EngineInspector } from '../../../src/server/inspection/engine-inspector.ts';
import { EngineCaller } from '../../engine/engine-caller.ts';
import { openInline } from '../../engine/open-inline.ts';

/** A session that is known by its number alone. */
function sessionOf(session: number): SessionInfo {
  return { sessionId: `s${session}`, address: `127.0.0.1:${session}`, protocol: 'grpc' };
}

/** An inline engine, somebody who calls it, and an inspector of it. */
export async function openInlineInspection(settings: { readonly sliceCount?: number } = {}) {
  const caller = new EngineCaller();
  const core = { keepOnSessionEnd: false, gcIntervalMs: 1e9, gcMinIdleMs: 1e9, ...settings };
  const open = await openInline(core, caller);
  caller.attach(open);
  const sessions = { find: (session: number) => (session === 0 ? null : sessionOf(session)) };
  const inspector = new EngineInspector({ engine: open.engine, sessions, nowMs: open.nowMs });
  caller.inspections = inspector.replies;
  /** Lets the engine work until the question is answered. */
  const answerTo = async <Answer>(question: Promise<Answer>): Promise<Answer> => {
    let done = false;
    const settled = question.finally(() => {
      done = true;
    });
    settled.catch(() => {});
    for (let turns = 0; !done && turns < 10_000; turns++) {
      open.engine.step();
      await null;
      await null;
      await null;
    }
    return settled;
  };
  return { caller, open, inspector, answerTo };
}
