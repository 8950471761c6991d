import { type TSchema, Type } from 'typebox';
import { Limits } from '../../base/limits.ts';
import { ErrorCode } from '../../contract/error-code.ts';
import type { Method } from '../../contract/method.ts';
import { FieldKind, requestFields } from '../../protocol/rest/request-fields.ts';
import { integerPattern } from './integer-pattern.ts';

// What the OpenAPI document says. Nothing here refuses a request: that is done by the decoder, and these say what it takes.

const nothing = Type.Null({ description: 'The same as leaving the field out.' });
const base64 =
  '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}(==)?|[A-Za-z0-9+/]{3}=?)?$|' +
  '^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2}(==)?|[A-Za-z0-9_-]{3}=?)?$';

const kinds: Record<FieldKind, TSchema> = {
  [FieldKind.String]: Type.Union([Type.String(), nothing]),
  [FieldKind.Bytes]: Type.Union([Type.String({ pattern: base64, contentEncoding: 'base64' }), nothing]),
  [FieldKind.Mode]: Type.Union([
    Type.Enum(['EXCLUSIVE', 'SHARED']),
    Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1, description: 'The number of a mode: 0 or 1.' }),
    nothing,
  ]),
  [FieldKind.Int32]: integer('int32', -(2n ** 31n), 2n ** 31n - 1n),
  [FieldKind.Uint32]: integer('uint32', 0n, 2n ** 32n - 1n),
  [FieldKind.Int64]: integer('int64', -(2n ** 63n), 2n ** 63n - 1n),
};

/** What lock operations take beside their bodies. */
export const LockHeaders = Type.Object({
  'Grpc-Timeout': Type.Optional(
    Type.String({
      pattern: '^[0-9]{1,8}[HMSmun]$',
      description:
        'After how long the answer is 504: up to 8 digits and a unit, which is H, M, S, m (ms), u (µs) or n (ns).',
    }),
  ),
  'X-HTTP-Method-Override': Type.Optional(
    Type.String({
      pattern: '^[Pp][Oo][Ss][Tt]$',
      description: 'The method to take the request for, as with LDLM: of any but POST the answer is 405.',
    }),
  ),
});

/** What the fields are for, by their names in snake_case. */
const descriptions: Readonly<Record<string, string>> = {
  name: `The name of the lock, 1 to ${Limits.nameBytesMax} bytes of UTF-8.`,
  key: 'The key of the grant.',
  size: 'How many slots the lock has; 1 when absent. The same in all requests for one lock.',
  permits: 'How many of the slots to take; 1 when absent or 0.',
  mode: 'How the lock is held; EXCLUSIVE when absent.',
  lock_timeout_seconds: 'After how long the lock is released unless it is renewed. Absent or 0: never.',
  lock_timeout_ms: 'Replaces lock_timeout_seconds, in milliseconds.',
  wait_timeout_seconds: 'How long to wait for the lock. Absent or 0: for ever.',
  wait_timeout_ms: 'Replaces wait_timeout_seconds, in milliseconds.',
  request_id:
    'Makes the request safe to repeat: 8 to 64 bytes that no other request for this lock uses, in base64.',
  holder: `Free text that listings show, up to ${Limits.holderBytesMax} bytes.`,
};

/** The body of a lock operation: each field in both spellings, of which a request may use one. */
export function requestSchema(method: Method): TSchema {
  const properties: Record<string, TSchema> = {};
  for (const [spelling, { name, kind }] of requestFields[method]) {
    const description = descriptions[name]!;
    properties[spelling] = {
      ...kinds[kind],
      description: spelling === name ? description : `The same as ${name}; only one of them may be there.`,
    };
  }
  // Both spellings of one field are refused.
  const twice = [...requestFields[method]]
    .filter(([spelling, { name }]) => spelling !== name)
    .map(([spelling, { name }]) => ({ not: { required: [name, spelling] } }));
  return Type.Object(properties, {
    additionalProperties: true,
    required: [],
    ...(twice.length > 0 && { allOf: twice }),
  });
}

const lockError = Type.Object(
  { code: Type.Enum(Object.keys(ErrorCode)), message: Type.String() },
  { description: 'Why the operation was refused; absent when it was not.' },
);

export const LockReply = Type.Object({
  locked: Type.Boolean(),
  name: Type.String(),
  key: Type.String({ description: 'Empty when the lock was not granted.' }),
  fencing_token: Type.Optional(
    Type.String({ pattern: '^[0-9]+$', description: 'Grows with every grant of the name.' }),
  ),
  certain_ms: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'Over ZooKeeper: for how long the server can answer for the lock unless it is renewed.',
    }),
  ),
  error: Type.Optional(lockError),
});

export const UnlockReply = Type.Object({
  unlocked: Type.Boolean(),
  name: Type.String(),
  error: Type.Optional(lockError),
});

export const SessionReply = Type.Object({ session_id: Type.String({ pattern: '^([0-9a-f]{32})?$' }) });

/** The reply that begins one, with how long it lasts. */
export const BegunReply = {
  ...SessionReply,
  headers: {
    'Ldlm-Session-Timeout-Ms': {
      ...Type.Integer({ minimum: 0 }),
      description:
        'After how many milliseconds without a request the session ends. A server that keeps its locks in ZooKeeper says with each ' +
        'answer for how long it can answer for them.',
    },
  },
};

/** An error of the session: no cookie, or one that names no session. */
export const SessionFault = Type.Object({ error: Type.String() });

/** An error of the request itself, or of the server. */
export const RequestFault = Type.Object({
  code: Type.Integer({ description: 'A gRPC status.' }),
  message: Type.String(),
  details: Type.Array(Type.Unknown()),
});

function integer(name: string, minimum: bigint, maximum: bigint): TSchema {
  return Type.Union([
    Type.Integer({ minimum: Number(minimum), maximum: Number(maximum) }),
    Type.String({
      pattern: integerPattern(minimum, maximum),
      description: `An ${name} as a string, in any notation that JSON has for numbers.`,
    }),
    nothing,
  ]);
}

const count = Type.Integer({ minimum: 0 });
const claim = {
  session: Type.Object({ session_id: Type.String(), address: Type.String(), protocol: Type.String() }),
  holder: Type.String({ description: 'The free text that came with the request.' }),
  mode: Type.Enum(['EXCLUSIVE', 'SHARED']),
  permits: count,
  age_ms: count,
  remaining_ms: Type.Optional(count),
  claim_id: Type.String(),
};

export const ListedLock = Type.Object({
  name: Type.String(),
  size: count,
  shard: count,
  holder_count: count,
  waiter_count: count,
  holders: Type.Array(
    Type.Object({
      key: Type.String({ description: 'The first 8 characters of it.' }),
      ...claim,
      remaining_ms: Type.Optional({
        ...count,
        description:
          'Until the lock timeout; absent when there is none, and over ZooKeeper where another server has granted the lock.',
      }),
      lock_timeout_ms: count,
      fencing_token: Type.String(),
      age_at_most: Type.Optional(
        Type.Boolean({
          description:
            'Over ZooKeeper another server may have granted the lock, which alone knows when: `age_ms` counts from the request.',
        }),
      ),
    }),
  ),
  waiters: Type.Array(Type.Object(claim)),
});

export const LockPage = Type.Object({
  locks: Type.Array(ListedLock),
  next_page_token: Type.String({ description: 'Empty behind the last page.' }),
});

export const ListingQuery = Type.Object({
  prefix: Type.Optional(Type.String({ description: 'Names that begin with this.' })),
  page_size: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Limits.pageSizeMax,
      description: 'Locks on the page; 100 when absent.',
    }),
  ),
  page_token: Type.Optional(Type.String({ description: 'next_page_token of the page before.' })),
  waiters: Type.Optional(Type.Boolean({ description: 'Tell who waits, too.' })),
});
