import type { FastifyInstance } from 'fastify';

/**
 * Adds routes to the admin listener. Every request has passed the guard before a route sees it, see `AdminGuard`, and
 * every answer has the security headers. An answer that goes on, like an event stream, ends when the server does;
 * a hook `preClose` hears of it before.
 */
export type AdminRoutes = (app: FastifyInstance) => void;
