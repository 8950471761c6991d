import type { Refusal } from '../../contract/refusal.ts';
import { LdlmServerError } from '../../contract/server-error.ts';

/** A request that cannot be granted, for a reason that its caller is told. */
export class LockRefusedError extends LdlmServerError {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super('LDLM_LOCK_REFUSED', refusal.message);
    this.refusal = refusal;
  }
}

/** Another server has the same request of the same caller, who has come to this one meanwhile. */
export class RequestElsewhereError extends LdlmServerError {
  /** The node, where it was granted and may outlive that server; null: it is not known to have been. */
  readonly grantedPath: string | null;

  constructor(grantedPath: string | null = null) {
    super('LDLM_REQUEST_ELSEWHERE', 'another server has the request still');
    this.grantedPath = grantedPath;
  }
}

/** Somebody has taken the request out of the queue. */
export class NodeRemovedError extends LdlmServerError {
  constructor() {
    super('LDLM_NODE_REMOVED', 'the request was taken out of the queue');
  }
}
