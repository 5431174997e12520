import type { FastifyInstance } from 'fastify'
import { ANSWER_HTML } from './answer-page.ts'
import { DOCS_HTML } from './docs-page.ts'

/** What people open in a browser. Each page is whole: it loads nothing but the API. */
export function addPages(app: FastifyInstance): void {
  app.get('/api/docs', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header(
        'content-security-policy',
        "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
      )
      .send(DOCS_HTML),
  )
  app.get('/answer', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .headers({
        'content-security-policy':
          "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      })
      .send(ANSWER_HTML),
  )
}
