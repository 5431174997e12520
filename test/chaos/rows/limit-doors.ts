import { request as httpRequest } from 'node:http'
import { callGrpc, connectGrpc } from '../../stack/index.ts'
import type { Chaos } from '../row.ts'

/** One limit of docs/limits.md at one door. */
export interface LimitCase {
  readonly door: string
  readonly limit: number
  /** How far below the limit the first try is, where one is too little to tell; default 1. */
  readonly under?: number
  /** What whoever passes it is told. */
  readonly says: RegExp
  /** The HTTP status of that; 200 where it is the execution that ends in error. */
  readonly status: number
  /** Takes long, or much. */
  readonly isHeavy?: boolean
  send(n: number): Promise<Told>
}

export interface Told {
  /** It did what it was asked for. */
  readonly works: boolean
  readonly status: number
  readonly text: string
}

const MIB = 1_048_576
const SCRIPT = 'export default () => 1'
const nested = (levels: number): unknown =>
  Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 0)
const x = (count: number): string => 'x'.repeat(Math.max(0, count))
/** With or without commas between the digits. */
const number = (n: number): RegExp =>
  new RegExp(`${String(n)}|${n.toLocaleString('en').replaceAll(',', ',?')}`)

/** Everything that is needed to stand before each door. */
export async function limitCases(chaos: Chaos): Promise<readonly LimitCase[]> {
  const { stack } = chaos
  const { client } = stack
  const rest = createRest(stack.url, stack.credentials.api_key)
  await client.flows.create({ name: 'limits', script: SCRIPT })
  await client.webhooks.create({
    name: 'limits',
    flow_name: 'limits',
    is_enabled: true,
    is_async: true,
  })
  const run = (body: object): Promise<Told> => rest.run({ script: SCRIPT, ...body })
  const code = (inside: string): Promise<Told> =>
    rest.run({ script: `export default async (system, self) => { ${inside} }` })
  const filtered = (filter: object): Promise<Told> =>
    rest.send('GET', `/execution?limit=1&filter=${encodeURIComponent(JSON.stringify(filter))}`)
  const one = { field: 'status', op: 'eq', value: 'AT_ENGINE' }
  const call = '/webhook/limits/call'
  const hook = (below: string, more: object = {}): Promise<Told> =>
    rest.send('POST', `${call}${below}`, { headers: { 'content-type': 'text/plain' }, ...more })

  return [
    {
      door: 'body of a request',
      ...{ limit: 64 * MIB, says: /64 MiB/, status: 413, isHeavy: true },
      send: (n) => {
        const bodyOf = (size: number): string =>
          JSON.stringify({
            items: [Math.floor(size / 2), Math.ceil(size / 2)].map((half) => ({
              script: SCRIPT,
              input_value: x(half),
            })),
          })
        return rest.send('POST', '/execution/batch', { body: bodyOf(n - bodyOf(0).length) })
      },
    },
    {
      door: 'input of an execution',
      ...{ limit: 32 * MIB, says: number(32 * MIB), status: 422, isHeavy: true },
      send: (n) => run({ input_value: x(n - 2) }),
    },
    {
      door: 'output of an execution',
      ...{ limit: 32 * MIB, says: number(32 * MIB), status: 200, isHeavy: true },
      send: (n) => code(`return 'x'.repeat(${n - 2})`),
    },
    {
      door: 'nesting of a body',
      ...{ limit: 64, says: /64 levels/, status: 422 },
      send: (n) => run({ input_value: nested(n - 1) }),
    },
    {
      door: 'name',
      ...{ limit: 128, says: /128/, status: 422 },
      send: (n) => run({ name: x(n) }),
    },
    {
      door: 'description',
      ...{ limit: 65_536, says: number(65_536), status: 422 },
      send: (n) => run({ description: x(n) }),
    },
    {
      door: 'tags',
      ...{ limit: 64, says: /64/, status: 422 },
      send: (n) => run({ tags: Array.from({ length: n }, (_, at) => `tag-${at}`) }),
    },
    {
      door: 'breakpoints',
      ...{ limit: 1_000, says: number(1_000), status: 422 },
      // Of lines that the script does not have: nobody stops.
      send: (n) =>
        run({ is_productive: false, breakpoints: Array.from({ length: n }, (_, at) => at + 2) }),
    },
    {
      door: 'wrappers of a call',
      ...{ limit: 16, says: /16/, status: 422 },
      send: (n) => run({ wrappers: Array.from({ length: n }, () => ({ name: 'retry' })) }),
    },
    {
      door: 'source of a script',
      ...{ limit: MIB, says: number(MIB), status: 422 },
      send: (n) => rest.run({ script: `${SCRIPT} //${x(n - SCRIPT.length - 3)}` }),
    },
    {
      door: 'idempotency key',
      ...{ limit: 255, says: /255/, status: 422 },
      send: (n) =>
        rest.send('POST', '/execution', {
          headers: { 'idempotency-key': `${x(n - 8)}${String(n).padStart(8, '0')}` },
          body: JSON.stringify({ script: SCRIPT }),
        }),
    },
    {
      door: '?wait=',
      ...{ limit: 300, says: /300/, status: 422 },
      send: (n) => rest.run({ script: SCRIPT }, n),
    },
    {
      door: 'page of a list',
      ...{ limit: 1_000, says: number(1_000), status: 422 },
      send: (n) => rest.send('GET', `/execution?limit=${n}`),
    },
    {
      door: 'terms of a filter',
      ...{ limit: 100, says: /100/, status: 422 },
      // What holds them together is one, too.
      send: (n) => filtered({ or: Array.from({ length: n - 1 }, () => one) }),
    },
    {
      door: 'values of one in',
      ...{ limit: 1_000, says: number(1_000), status: 422 },
      send: (n) =>
        filtered({
          field: 'name',
          op: 'in',
          value: Array.from({ length: n }, (_, at) => `n${at}`),
        }),
    },
    {
      door: 'address of a request',
      ...{ limit: 65_536, says: number(65_536), status: 414 },
      send: (n) => {
        // Terms that are as long as they have to be; the last one makes it exact.
        const path = (tail: string): string =>
          `/execution?limit=1&filter=${encodeURIComponent(JSON.stringify({ field: 'name', op: 'eq', value: tail }))}`
        return rest.send('GET', path(x(n - '/api/latest'.length - path('').length)))
      },
    },
    {
      door: 'value of a setting',
      ...{ limit: MIB, says: number(MIB), status: 422 },
      send: (n) =>
        rest.send('POST', '/setting', {
          body: JSON.stringify({ name: `limits-${n}`, value: x(n - 2) }),
        }),
    },
    {
      door: 'JSON schema of a flow',
      ...{ limit: 262_144, says: number(262_144), status: 422 },
      send: (n) => {
        const head = JSON.stringify({ description: '' }).length
        return rest.send('POST', '/flow', {
          body: JSON.stringify({
            name: `limits-${n}`,
            script: SCRIPT,
            input_schema: { description: x(n - head) },
          }),
        })
      },
    },
    {
      door: 'answer to a message',
      ...{ limit: 262_144, says: number(262_144), status: 422 },
      send: (n) => answerOf(chaos, rest, n),
    },
    {
      door: 'executions in one batch',
      ...{ limit: 10_000, says: number(10_000), status: 422, isHeavy: true },
      send: (n) =>
        rest.send('POST', '/execution/batch', {
          body: JSON.stringify({
            items: Array.from({ length: n }, () => ({ flow_name: 'limits' })),
          }),
        }),
    },
    {
      door: 'body of a webhook',
      ...{ limit: 25 * MIB, says: /25 MiB|26,?214,?400/, status: 413, isHeavy: true },
      send: (n) => hook('', { body: x(n) }),
    },
    {
      door: 'path below a webhook',
      ...{ limit: 2_048, says: number(2_048), status: 413 },
      send: (n) => hook(`/${x(n - 1)}`, { body: '' }),
    },
    {
      door: 'query of a webhook',
      ...{ limit: 16_384, says: number(16_384), status: 413 },
      send: (n) => hook(`?a=${x(n - 2)}`, { body: '' }),
    },
    {
      door: 'headers of a webhook',
      ...{ limit: 100, says: /100/, status: 413 },
      send: (n) => withHeaders(`${stack.url}/api/latest${call}`, n),
    },
    {
      door: 'message over gRPC',
      ...{ limit: 70 * MIB, says: /RESOURCE_EXHAUSTED|larger/, status: 429, isHeavy: true },
      send: (n) => overGrpc(stack.grpcUrl, stack.credentials.api_key, n),
    },
    {
      door: 'name of a step',
      ...{ limit: 128, says: /128/, status: 200 },
      send: (n) => code(`return self.step('${x(n)}', () => 1)`),
    },
    {
      door: 'nesting of an output',
      ...{ limit: 64, says: /64/, status: 200 },
      send: (n) => code(`let a = 0; for (let n = 0; n < ${n}; n += 1) a = [a]; return a`),
    },
    {
      door: 'text of a message',
      ...{ limit: 65_536, says: number(65_536), status: 200 },
      send: (n) => code(`await self.message({ message: 'x'.repeat(${n}), wait: false }); return 1`),
    },
    {
      door: 'log lines in one activation',
      ...{ limit: 10_000, says: number(10_000), status: 200 },
      send: (n) => code(`for (let n = 0; n < ${n}; n += 1) self.log(n)`),
    },
    {
      door: 'calls of the flow API',
      ...{ limit: 100_000, says: number(100_000), status: 200, isHeavy: true },
      send: (n) =>
        code(
          // A rest now and then, with which its processor time counts anew.
          `for (let n = 1; n <= ${n}; n += 1) if (n % 5000) self.step('s', () => 0); else await self.sleep(0)`,
        ),
    },
  ]
}

interface Rest {
  send(method: string, path: string, more?: { headers?: object; body?: string }): Promise<Told>
  /** Starts it and waits for its end. */
  run(body: object, waitSeconds?: number): Promise<Told>
}

function createRest(url: string, apiKey: string): Rest {
  const send: Rest['send'] = async (method, path, { headers, body } = {}) => {
    const answer = await fetch(`${url}/api/latest${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(120_000),
    })
    const text = await answer.text()
    return { works: answer.ok, status: answer.status, text: text.slice(0, 2_000) }
  }
  return {
    send,
    run: async (body, waitSeconds = 120) => {
      // The input is not shown: it may be as large as the limit.
      const path = `/execution?wait=${waitSeconds}&fields=status,message`
      const told = await send('POST', path, { body: JSON.stringify(body) })
      if (!told.works) return told
      const { status } = JSON.parse(told.text) as { status: string }
      return { ...told, works: status === 'ENDED_SUCCESS', status: 200 }
    },
  }
}

/** A message is asked for first. */
async function answerOf({ stack }: Chaos, rest: Rest, n: number): Promise<Told> {
  const { client } = stack
  const asked = await client.executions.create(
    {
      script: `export default async (system, self) => (await self.message({ subject: 'limits', request: 'x', wait: false })).id`,
    },
    { waitSeconds: 30 },
  )
  const head = JSON.stringify({ string: '' }).length
  return rest.send('POST', `/message/${String(asked.output_value)}/reply?fields=id`, {
    body: JSON.stringify({ response: { string: x(n - head) } }),
  })
}

/** Exactly so many headers, which fetch would not allow. */
function withHeaders(url: string, count: number): Promise<Told> {
  const names = Array.from({ length: count - 3 }, (_, n) => [`x-limits-${n}`, 'x'])
  return new Promise((resolve, reject) => {
    const asking = httpRequest(
      url,
      // Host and connection besides.
      { method: 'POST', headers: { 'content-length': '0', ...Object.fromEntries(names) } },
      (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += String(chunk)))
        answer.on('end', () => {
          const status = answer.statusCode ?? 0
          resolve({ works: status < 400, status, text })
        })
      },
    )
    asking.once('error', reject)
    asking.end()
  })
}

/** A batch of so many bytes: three items, as large as they have to be. */
async function overGrpc(url: string, apiKey: string, bytes: number): Promise<Told> {
  const clients = connectGrpc({ url, apiKey })
  const items = (size: number) => ({
    executions: [0, 1, 2].map((nth) => ({
      script: SCRIPT,
      input_value: { stringValue: x(Math.floor((size + nth) / 3)) },
    })),
  })
  try {
    const methods = clients.executions.client as unknown as Record<
      'CreateBatch',
      { requestSerialize(message: object): Buffer }
    >
    // Lengths are written in front of what they are of: as many bytes for any of this size.
    const around = methods.CreateBatch.requestSerialize(items(bytes - 200)).length - (bytes - 200)
    await callGrpc(clients.executions, 'CreateBatch', items(bytes - around))
    return { works: true, status: 200, text: '' }
  } catch (error) {
    const { code = 0, details = '' } = error as { code?: number; details?: string }
    const exhausted = code === 8
    return {
      works: false,
      status: exhausted ? 429 : 500,
      text: `${exhausted ? 'RESOURCE_EXHAUSTED' : String(code)} ${details}`,
    }
  } finally {
    clients.close()
  }
}
