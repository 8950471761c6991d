import { describe, expect, it } from 'vitest';
import { LinkState } from '../../src/page/link-state.ts';

describe('the state of the connection', () => {
  it('goes from connecting over reading to live', () => {
    const link = new LinkState();
    expect(link.text(0, false, 0)).toStrictEqual({ kind: 'connecting', text: 'connecting' });
    link.connected();
    expect(link.text(0, false, 0)).toStrictEqual({ kind: 'reading', text: 'reading' });
    expect(link.text(0, true, 0)).toStrictEqual({ kind: 'live', text: 'live' });
  });

  it('says why it cannot connect, if it was told', () => {
    const link = new LinkState();
    link.disconnected('missing credentials');
    expect(link.text(0, false, 0).text).toBe('connecting: missing credentials');
    link.connected();
    link.disconnected('');
    expect(link.isConnected).toBe(false);
    expect(link.text(0, true, 0)).toStrictEqual({ kind: 'reconnecting', text: 'reconnecting' });
  });

  it('tells what was missed, until a while after all is known again', () => {
    const link = new LinkState();
    link.connected();
    expect(link.text(1_234, false, 0)).toStrictEqual({
      kind: 'reading',
      text: 'missed 1,234 changes, reading anew',
    });
    expect(link.text(1_234, true, 9_999)).toStrictEqual({ kind: 'live', text: 'live, 1,234 missed' });
    expect(link.text(1_234, true, 10_000).text).toBe('live');
    expect(link.text(1_235, true, 11_000).text).toBe('live, 1,235 missed');
    link.connected();
    expect(link.text(0, true, 11_001).text).toBe('live');
  });
});
