import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { RestApi } from './rest-api.ts';

/** Nothing from outside; inline only the one style that Swagger UI puts into its page, by its hash. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; " +
  "style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Numbers of JavaScript do not hold the limits of 64 bits exactly; the document has to. */
const ROUNDED_INT64 = /-?9223372036854776000/g;
const INT64_LIMITS: Readonly<Record<string, string>> = {
  '9223372036854776000': '9223372036854775807',
  '-9223372036854776000': '-9223372036854775808',
};

interface Operation {
  readonly requestBody?: { required?: boolean };
}

/** Gathers what the routes that follow say of themselves. */
export async function documentRoutes(app: FastifyInstance, password: boolean): Promise<void> {
  await app.register(swagger, {
    transformObject: (document) => {
      const { openapiObject } = document as {
        openapiObject: { paths?: Record<string, Record<string, Operation>> };
      };
      for (const item of Object.values(openapiObject.paths ?? {})) {
        // No body stands for a message without fields.
        for (const { requestBody } of Object.values(item))
          if (requestBody !== undefined) requestBody.required = false;
      }
      return openapiObject;
    },
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Locks over REST',
        version: '1.0.0',
        description:
          'Named locks, taken and given back by key. Begin with a session; what it locks is released when it ends, ' +
          'or when it was idle for long. A refused lock operation is an answer with status 200 and an `error`.',
      },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'ldlm-session' },
          ...(password && {
            password: {
              type: 'http',
              scheme: 'basic',
              description: 'Any user name, and the password of the server.',
            },
          }),
        },
      },
    },
  });
}

/** Serves the document and a page that shows it. Both need the password, but no session. */
export async function serveDocs(app: FastifyInstance, api: RestApi): Promise<void> {
  await app.register(async (scope) => {
    scope.addHook('onRequest', (request, reply, done) => {
      if (api.admit(request.raw, reply.raw)) done();
      else reply.hijack();
    });
    let text: string | null = null;
    scope.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
      text ??= JSON.stringify(app.swagger()).replaceAll(ROUNDED_INT64, (rounded) => INT64_LIMITS[rounded]!);
      void reply.type('application/json').send(text);
    });
    await scope.register(swaggerUi, { routePrefix: '/docs', staticCSP: CONTENT_SECURITY_POLICY });
  });
}
