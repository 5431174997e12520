import { Readable } from 'node:stream'
import { ServiceError } from '@millrace/runtime'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { FILE_ENCODINGS } from '../operations/file-encodings.ts'
import { openFile, uploadFile } from '../operations/files.ts'
import { ByQuery, Json, Problem, strict } from '../schemas/parts.ts'
import { readRange } from './byte-range.ts'
import { ok, type Route, route, type RouteRequest } from './route.ts'

const tag = 'file'
const path = '/file/{key}/content'
const Key = strict({
  key: Type.String({ maxLength: 512, description: 'an id; with by=name a name, / as %2F' }),
})
const Query = strict({
  ...ByQuery,
  as: Type.Optional(
    Type.Enum(FILE_ENCODINGS, {
      default: 'bytes',
      description: 'text is refused when it is not UTF-8; base64 is text of it',
    }),
  ),
})

const Bytes = Type.Unknown({ description: 'the content, under its own type' })

/** The contents of files, streamed both ways. Their records are among the record routes. */
export const fileRoutes: readonly Route[] = [
  route({
    method: 'PUT',
    path,
    id: 'putFileContent',
    summary: 'Replace the whole content at once; by name, make the file if there is none',
    tag,
    params: Key,
    query: Query,
    raw: 'stream',
    answers: { 200: Json, 201: Json },
    async handle(context, { caller, params, query, body, http }) {
      const { isNew, json } = await uploadFile(context, caller, {
        address: { key: params.key, by: query.by ?? 'id' },
        bytes: body instanceof Readable ? body : NOTHING,
        encoding: query.as ?? 'bytes',
        contentType: query.as === 'base64' ? null : (http.headers['content-type'] ?? null),
      })
      return { status: isNew ? 201 : 200, body: json }
    },
  }),
  route({
    method: 'GET',
    path,
    id: 'getFileContent',
    summary: 'The content; Range gives a part, If-None-Match spares an unchanged one',
    tag,
    params: Key,
    query: Query,
    answers: { 200: Bytes, 206: Bytes, 304: null, 416: Problem },
    produces: '*/*',
    handle: () => ok({}),
    stream: (context, request, reply) => sendContent(context, request, reply),
  }),
  route({
    method: 'HEAD',
    path,
    id: 'headFileContent',
    summary: 'Size, type and hash (ETag) of the content',
    tag,
    params: Key,
    query: Query,
    answers: { 200: null, 304: null },
    handle: () => ok({}),
    stream: (context, request, reply) => sendContent(context, request, reply),
  }),
]

const NOTHING = Readable.from([])

type ContentRequest = RouteRequest<
  { key: string },
  { by?: 'id' | 'name'; as?: (typeof FILE_ENCODINGS)[number] },
  unknown
>

async function sendContent(
  context: Context,
  { caller, params, query, http }: ContentRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const encoding = query.as ?? 'bytes'
  const address = { key: params.key, by: query.by ?? 'id' } as const
  const file = await openFile(context, caller, { ...address, encoding })
  const etag = `"${file.row.hash}${encoding === 'bytes' ? '' : `-${encoding}`}"`
  reply.header('etag', etag)
  if (matches(http.headers['if-none-match'], etag)) return reply.code(304).send()
  const mayRange =
    http.method === 'GET' && encoding === 'bytes' && (http.headers['if-range'] ?? etag) === etag
  const range = mayRange ? readRange(http.headers.range, file.size) : 'whole'
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${file.size}`)
    throw new ServiceError('invalid', `The content has ${file.size} bytes; ask for some of them.`, {
      details: { httpStatus: 416 },
    })
  }
  reply.headers({
    'content-type': file.contentType,
    'cache-control': 'private, no-cache',
    // What people upload is shown by nobody as a page of ours.
    'content-disposition': disposition(file.row.name),
    'content-security-policy': 'sandbox',
    'x-content-type-options': 'nosniff',
    ...(encoding === 'bytes' && { 'accept-ranges': 'bytes' }),
  })
  const { from, to } = range === 'whole' ? { from: 0, to: file.size } : range
  if (range !== 'whole')
    reply.code(206).header('content-range', `bytes ${from}-${to - 1}/${file.size}`)
  reply.header('content-length', String(to - from))
  if (http.method === 'HEAD') return reply.send()
  return reply.send(Readable.from(file.read(from, to), { objectMode: false }))
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' ||
    header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag))

/** The last part of the name, as RFC 6266 writes names that are more than ASCII. */
function disposition(name: string): string {
  const last = name.split('/').at(-1) ?? 'file'
  const ascii = last.replaceAll(/[^\w .()-]/g, '_')
  const encoded = encodeURIComponent(last).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
